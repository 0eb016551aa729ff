"""What metrics holds of people, why, and for how long; no table says who answered what."""

from shared.privacy.catalogue import Catalogue, Table, among, own

CATALOGUE = Catalogue(
    "metrics",
    (
        Table(
            "participations",
            "Pseudonymous facts that measures are computed from; no route reads one by person.",
            "participation",
            about=own("person_id"),
        ),
        Table("participation_months", "Sums of participation by month and unit.", "aggregate"),
        Table(
            "membership",
            "Which unit a person belonged to when, so that a measure counts them where they were.",
            "profile",
            about=own("person_id"),
        ),
        Table("spans", "The same as spans of days without overlap.", "profile", about=own("person_id")),
        Table("session_months", "The months in which a session has facts.", "aggregate"),
        Table(
            "participation_deltas",
            "Changes of the sums that are not folded yet.",
            "aggregate",
        ),
        Table(
            "matches",
            "Who was matched, for acceptance and ties between units.",
            "matching",
            about=among("member_ids"),
            mentions=("member_ids",),
            withheld=("member_ids", "member_roles"),
            aged="first_seen_at < $1",
        ),
        Table(
            "sessions",
            "Sessions and their state.",
            "participation",
            about=own("facilitator_id"),
            mentions=("facilitator_id",),
        ),
        Table("feedback", "Sums of answers by programme, division and month.", "aggregate"),
        Table("check_ins", "Sums of check-ins by programme, division and month.", "aggregate"),
        Table("pulses", "Means of anonymous answers to pulses, in batches of five or more.", "aggregate"),
        Table("surveys", "Means of anonymous pairs of answers, five or more.", "aggregate"),
        Table("responses", "How many were asked and have answered.", "aggregate"),
        Table("rounds", "How many a round of matching asked and left out.", "aggregate"),
        Table("closed_months", "Months whose facts are gone.", "reference"),
        Table("releases", "Every cell ever shown, so that no later one can be subtracted from it.", "aggregate"),
        Table("editions", "Which changes a shown table has seen.", "aggregate"),
        Table("thresholds", "The fewest people a month's numbers may be about.", "reference"),
        Table("lag_samples", "How long events took to become visible.", "operations"),
        Table("lag_hours", "The same by hour.", "operations"),
        Table("erased_people", "Ids that nobody may bring back.", "profile", remembers_erased=True),
        Table("reviews", "Findings about programmes, changes and conclusions.", "reference"),
        Table("programmes", "Programmes and their goals.", "reference"),
        Table("units", "Units and their tree.", "reference"),
        Table("skills", "Labels of skills.", "reference"),
    ),
)
