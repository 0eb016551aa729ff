"""What goals of programmes may aim at: metrics' names for it, and which way is better."""

LESS: frozenset[str] = frozenset({
    "behaviour_attrition", "cancellation_rate", "conflicts_of_interest", "days_to_answer_p50", "days_to_answer_p90",
    "days_to_first_use", "hosting_overload", "hosting_unevenness", "newcomer_days_to_first", "no_show_rate",
    "repeat_pairs", "scrap", "time_to_first_help", "time_to_first_help_p90", "top_share", "unevenness",
    "unmatched_rate",
})  # fmt: skip
"""Their goals go down."""
EITHER: frozenset[str] = frozenset({"hosting_hours", "waitlist_pressure"})
"""There may be too much of it and too little."""
MORE: frozenset[str] = frozenset({
    "acceptance_rate", "attendance_rate", "behaviour_change", "behaviour_did", "behaviour_effect", "belonging",
    "commitment_change", "confidence_change", "cross_unit_sessions", "engagement", "engagement_index", "evenness",
    "facilitator_quality", "fill_rate", "frequency", "ground_rules_rate", "help_offers", "help_taken",
    "knowledge_used", "knowledge_uses", "learning_hours", "met_in_14_days", "minutes_saved", "newcomer_ties_30",
    "newcomer_ties_90", "normalised_gain", "nps", "on_time_start", "own_questions", "participation_rate", "reach",
    "reciprocity", "relevance", "repeat_rate", "resources_used", "response_rate", "retained_30", "retention",
    "roles_met", "safety", "safety_agreement", "satisfied", "sessions_held", "skills_met", "survival", "teacher_gain",
    "trainings_completed", "transfer_30", "transfer_60", "transfer_90", "transfer_depth", "transfer_high",
    "transfer_low", "units_met", "usefulness",
})  # fmt: skip
AIMS: frozenset[str] = MORE | LESS | EITHER
BEYOND_ONE: frozenset[str] = frozenset({"retained_30", "waitlist_pressure"})
"""Ratios that are no shares."""
SHARES: frozenset[str] = BEYOND_ONE ^ frozenset({
    "acceptance_rate", "attendance_rate", "behaviour_attrition", "cancellation_rate", "cross_unit_sessions",
    "fill_rate", "ground_rules_rate", "help_taken", "hosting_overload", "met_in_14_days", "no_show_rate",
    "normalised_gain", "on_time_start", "participation_rate", "reach", "reciprocity", "repeat_pairs", "repeat_rate",
    "response_rate", "retained_30", "retention", "satisfied", "scrap", "survival", "teacher_gain", "top_share",
    "transfer_30", "transfer_60", "transfer_90", "transfer_depth", "transfer_high", "transfer_low", "unmatched_rate",
    "waitlist_pressure",
})  # fmt: skip
"""One is all of it: a target of 40 would never be reached."""
