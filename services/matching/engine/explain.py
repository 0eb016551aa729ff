"""Every reason code in words: why two people fit, and why somebody was left out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "need_met": "One offers {skill}, which the other wants to learn.",
        "skill_gap": "The teacher of {skill} is ahead by a helpful step.",
        "target_reached": "The teacher has reached the level of {skill} that is aimed for.",
        "reciprocity": "The learning could go both ways.",
        "exchange_of_two": "Each of the two teaches the other.",
        "exchange_of_three": "Three teach each other in a ring: each learns from one and teaches another.",
        "shared_challenge": "Both are working on {skill} themselves.",
        "shared_experience": "Both have been through this: {skill}.",
        "cross_unit": "They come from different units.",
        "same_site": "They work at the same site.",
        "common_hours": "Their working days overlap by more than has to be.",
        "seniority": "Their job levels are not far apart.",
        "newcomer": "Who learns is new here.",
        "waited": "Who learns was left out of earlier rounds.",
        "preferred_time": "They can meet in the half of the day they like.",
        "well_received": "Pairs like this one were found useful.",
        "preferred_pace": "The programme meets as often as who learns likes.",
        "teacher_load": "The other person already helps somebody.",
        "experienced": "The buddy knows the organization.",
        "near_unit": "They work in the same or a neighbouring unit.",
        "same_function": "They do the same kind of work.",
        "shared_need": "Members want to learn the same: {skill}.",
        "can_contribute": "Somebody in the circle knows {skill}.",
        "mixed_units": "Members come from different units.",
        "mixed_functions": "Members do different kinds of work.",
        "mixed_tenure": "Newer and longer-serving people meet.",
        "mixed_sites": "Members work at different sites.",
        "met_lately": "Some members were together in an earlier match not long ago.",
        "mixed_levels": "Different levels learn together.",
        "needs_covered": "What members want to learn, other members know.",
        "preferred_size": "Members like circles of this size.",
        "neutral_facilitator": "The facilitator is nobody's superior.",
        "facilitator_from_outside": "The facilitator comes from another unit.",
        "facilitator_load": "The facilitator already has a circle.",
    }
)
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "nothing_needed": "Nothing this programme is about is among what is to be learned.",
        "no_time": "The time agreed for learning is not enough for this beside what it is used for now.",
        "nobody_offers_it": "Nobody offers what is to be learned.",
        "level_too_low": "Those who offer it are not far enough ahead.",
        "nobody_experienced": "Nobody has been here long enough.",
        "not_available": "Nobody suitable is available now.",
        "capacity_full": "Everybody suitable already has as many people as they can take.",
        "reporting_line": "Only people in the same reporting line would fit.",
        "no_common_language": "No language in common with anybody suitable.",
        "too_few_common_hours": "Working hours overlap too little.",
        "matched_recently": "Everybody suitable was met in an earlier match, not long ago.",
        "another_site": "Everybody suitable works at another site, and this is met in person only.",
        "everyone_taken": "Nobody suitable was left.",
        "no_exchange": "Nobody was free with whom to exchange, neither directly nor by way of a third.",
        "too_few_people": "Too few people fit together for another circle.",
        "changed_since_preview": "Somebody of the match changed while the round was being made.",
        "proposal_declined": "What was proposed was declined.",
        "proposal_expired": "What was proposed was not answered in time.",
        "exchange_off": "The exchange that was proposed is off.",
        "no_circle_free": "No circle of the programme that they fit in has a place.",
        "no_neutral_facilitator": "No neutral facilitator was free for another circle.",
    }
)
NOT_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "outside_audience": "The programme is not for them: its audience would have to be wider.",
        "not_taking_part": "They are away, pause or have opted out, or like to learn in another format or modality.",
        "has_match": "They have an open match of this programme already.",
        "leads_a_circle": "They lead a circle of this programme: who does takes part in none of it.",
        "nothing_of_it": "They name nothing of what this programme is about.",
        "no_newcomer": "They are not new here.",
        "has_buddy": "They are new and have a buddy already.",
        "no_time_for_it": "They are new and have agreed to less time for learning than one meeting takes.",
        "not_known": "Nobody is known by these ids.",
    }
)
OWN: Mapping[str, str] = MappingProxyType(
    {
        "not_taking_part": "Away from work, not begun yet, or opted out: who takes part is here and has opted in.",
        "paused": "Paused: it goes on when the pause is over.",
        "another_format": "The programme's format is not among those that are liked.",
        "another_modality": "The programme's modality is not among those that are liked.",
        "nothing_of_it": "Nothing this programme is about is named as something to learn, nor, for a circle, as known.",
        "no_time": LEFT_OUT["no_time"],
        "nothing_named": "Nothing is named as something to learn.",
        "nobody_fits": "Nobody who offers it, as it was asked for, fits and has room now.",
    }
)
"""What is somebody's own to change, said to nobody else."""
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "find_teacher": "Nobody offers {detail} yet: somebody who teaches it has to be won.",
        "teacher_ahead": "Nobody is far enough ahead in {detail}: somebody who is has to be won.",
        "another_teacher": "Nobody who teaches {detail} can be matched here: somebody else has to be won.",
        "levels_less": "A teacher {detail} levels less far ahead would do.",
        "smaller_margin": "Nobody can be so far ahead: the rules have to ask for a smaller step between levels.",
        "more_time": "More time agreed for learning, or fewer commitments, would do.",
        "name_a_need": "Something this programme is about has to be among what is to be learned.",
        "own_capacity": "Room for one who learns from them would do.",
        "offer_skill": "Teaching {detail}, which those who fit want to learn, would do.",
        "another_partner": "Somebody who teaches what is wanted, and wants what is taught, has to be won.",
        "more_people": "{detail} more who fit have to take part.",
        "more_functions": "People of {detail} more kinds of work have to take part, or the rules ask for fewer.",
        "wider_band": "The rules have to let levels in a circle span {detail}.",
        "another_line": "Somebody who is neither above nor below them has to take part.",
        "another_facilitator": "Somebody ready to facilitate, who is above nobody of them, has to be won.",
        "less_experience": "A buddy who has been here for less time would do.",
        "next_round": "Nothing has to: the next round asks them again.",
        "asked_again": "Nothing has to: the next round asks them again, for {detail} and whatever they name by then. "
        "Until then they may ask somebody who is suggested to them.",
        "another_buddy": "Somebody else who may be a buddy has to be won.",
        "half_an_hour_more": "Half an hour more of common working time would do.",
        "another_language": "A common language would do: {detail}.",
        "other_hours": "Working hours that overlap more would do.",
        "one_level_less": "A teacher one level less far ahead would do.",
        "more_capacity": "Those who fit would need room for one more.",
        "shorter_cool_off": "Meeting an earlier partner again would do.",
        "meet_remotely": "A remote or hybrid programme, with people at other sites, would do.",
    }
)
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "more_time": "more time agreed for learning, or fewer commitments",
        "name_a_need": "something this programme is about among what is to be learned",
        "half_an_hour_more": "half an hour more of common working time",
        "levels_less": "a teacher fewer levels ahead",
        "another_language": "another common language",
        "other_hours": "working hours that overlap more",
        "one_level_less": "a teacher one level less far ahead",
        "more_capacity": "room for one more with those who fit",
        "shorter_cool_off": "meeting an earlier partner again",
        "meet_remotely": "a remote or hybrid programme",
        "less_experience": "a buddy who has been here for less time",
        "smaller_margin": "a smaller step between levels",
        "find_teacher": "somebody who teaches it",
        "teacher_ahead": "somebody who is far enough ahead",
        "another_teacher": "somebody else who teaches it",
        "another_buddy": "somebody else who may be a buddy",
    }
)
"""Changes as parts of a sentence, where only several together help."""
ABOUT_SKILLS = frozenset({"find_teacher", "teacher_ahead", "another_teacher", "offer_skill", "asked_again"})
"""Changes whose detail is a skill."""
LATER = CHANGES.keys() - {
    *("find_teacher", "half_an_hour_more", "another_language", "other_hours"),
    *("one_level_less", "more_capacity", "shorter_cool_off"),
}
"""Changes the release before has no words for: kept where it does not look."""
UNNAMED = "a skill"
UNKNOWN = "A newer release, which comes into use just now, has the words for it: {code}."
"""Of a code that another process, a release ahead, has written."""
TAGGED = "shared_experience"
"""The reason that speaks of a tag and not of a skill."""


def reason(code: str, skill: str | None = None) -> str:
    """A score term in words; `skill` is its label."""
    return REASONS.get(code, UNKNOWN).format(skill=skill or UNNAMED, code=code)


def left_out(code: str) -> str:
    """Why somebody has no match, in words."""
    return LEFT_OUT.get(code, UNKNOWN).format(code=code)


def not_asked(code: str) -> str:
    """Why a round does not ask somebody, in words."""
    return NOT_ASKED.get(code, UNKNOWN).format(code=code)


def own(code: str) -> str:
    """What keeps somebody from being matched, in words for themselves."""
    return OWN[code]


def change(code: str, detail: str | None = None, also: Sequence[str] = ()) -> str:
    """What would help, in words; with `also` all of it together. One that only a later release knows is named."""
    if also:
        return f"Together would do: {', '.join(PARTS.get(each, each) for each in (code, *also))}."
    if code == "another_language" and detail is None:
        return f"What would do: {PARTS[code]}."
    words = CHANGES.get(code, f"What would do: {code}.")
    return words.format(detail=detail or "it")
