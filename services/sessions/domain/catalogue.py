"""The formats there are. A format's name is what programmes, events and reports say."""

from collections.abc import Mapping

from services.sessions.domain.formats import PLAIN, Format, Roles, Rotation
from shared.refusal import InvalidRequest

MENTORS: Roles = {**PLAIN, "learner": "mentee", "teacher": "mentor"}
SHADOWS: Roles = {**PLAIN, "learner": "observer", "teacher": "host"}
HOSTS: Roles = {**PLAIN, "teacher": "host"}
REVIEWERS: Roles = {**PLAIN, "learner": "reviewee", "teacher": "reviewer"}
CONTRIBUTORS: Roles = {**PLAIN, "participant": "contributor", "learner": "contributor"}
TURNS = Rotation(first="presenter", others="contributor")

ALL: tuple[Format, ...] = (
    Format(
        "peer_discussion", "Peer discussion",
        "A small group exchanges perspectives on a topic or challenge; a peer facilitates; no agenda is needed.",
        "peer", "low", (3, 8), 60, 14, facilitated=True, roles=CONTRIBUTORS, requires=("challenge",),
        serves=("exchange_practice", "solve_a_challenge", "get_help_now"), preparation=10,
        counts={"facilitator": (0, 1)},
    ),
    Format(
        "community_of_practice", "Community of practice",
        "A standing group across departments that shares practice and resources under a charter.",
        "social", "medium", (5, 30), 60, 28, "open", roles=CONTRIBUTORS, requires=("charter", "recurrence"),
        serves=("exchange_practice", "share_lessons", "meet_people"), preparation=30, membership="open",
        feedback_form="pulse", counts={"facilitator": (0, 2)},
    ),
    Format(
        "mentoring_circle", "Mentoring circle",
        "A small group whose members mentor each other; each meeting another one is the mentee.",
        "mentoring", "medium", (4, 8), 60, 14, "closed", facilitated=True, roles=MENTORS,
        rotation=Rotation(first="mentee", others="mentor"), requires=("rotation",),
        serves=("grow_a_career", "develop_a_skill", "get_honest_feedback"), counts={"facilitator": (0, 1)},
    ),
    Format(
        "knowledge_sharing", "Knowledge-sharing session",
        "Presenters share insights and lessons of their projects; the lessons are written down before it is complete.",
        "peer", "medium", (3, 30), 45, 28, "open", requires=("lesson",),
        serves=("share_lessons", "exchange_practice"), preparation=45, membership="open",
        counts={"presenter": (1, 5)},
    ),
    Format(
        "problem_solving", "Collaborative problem solving",
        "A small group of at least two functions works on one hard challenge and records the outcome.",
        "collaborative", "medium", (3, 8), 90, 7, facilitated=True, roles=CONTRIBUTORS,
        requires=("challenge", "two_functions", "outcome"), serves=("solve_a_challenge",), preparation=15,
        counts={"facilitator": (0, 1)},
    ),
    Format(
        "mentoring", "Mentoring",
        "A pair or small group with an agreement, goals and an end date.",
        "mentoring", "high", (2, 6), 60, 14, "closed", roles=MENTORS, requires=("agreement", "goals", "end_date"),
        serves=("grow_a_career", "develop_a_skill"), counts={"mentor": (1, 2), "mentee": (1, 5)},
    ),
    Format(
        "coaching", "Coaching",
        "A trained coach and a goal: a model of its own, reported apart from peer learning.",
        "coaching", "high", (2, 2), 60, 14, "closed", roles=MENTORS, requires=("certificate", "goals"),
        serves=("grow_a_career",), preparation=15, counts={"mentor": (1, 1), "mentee": (1, 1)},
    ),
    Format(
        "job_shadowing", "Job shadowing",
        "Somebody watches and does the work beside a more experienced colleague, with a checklist and a debrief.",
        "peer", "medium", (2, 4), 120, 14, roles=SHADOWS, requires=("observation_checklist", "debrief"),
        serves=("learn_a_job", "develop_a_skill"), preparation=15, feedback_form="debrief",
        counts={"host": (1, 1), "observer": (1, 3)},
    ),
    Format(
        "onboarding_buddy", "Onboarding buddy",
        "A newcomer and a more experienced peer, from before the first day.",
        "mentoring", "low", (2, 3), 30, 7, serves=("join_the_company", "meet_people"),
        counts={"buddy": (1, 2), "newcomer": (1, 1)},
    ),
    Format(
        "newcomer_introductions", "Introductions",
        "The buddy introduces the newcomer to colleagues of the same site and nearby teams in the first 30 days.",
        "social", "low", (2, 6), 30, 7, "open", serves=("join_the_company", "meet_people"), feedback_form="pulse",
        counts={"newcomer": (0, 1)},
    ),
    Format(
        "lunch_and_learn", "Lunch and learn",
        "Informal and social, in the room and remote; light registration and no assessment.",
        "social", "low", (3, 30), 45, 28, "open", serves=("share_lessons", "meet_people"), preparation=20,
        membership="open", feedback_form="none", counts={"presenter": (0, 3)},
    ),
    Format(
        "peer_review", "Peer review",
        "Peers review each other's work by a rubric, delivered in confidence by a deadline.",
        "peer", "high", (2, 6), 60, 28, "closed", roles=REVIEWERS,
        rotation=Rotation(first="reviewee", others="reviewer"), requires=("rubric", "end_date"),
        serves=("get_honest_feedback",), preparation=30, feedback_form="critique", counts={"facilitator": (0, 1)},
    ),
    Format(
        "group_reflection", "Group reflection",
        "A team and its wider group look back on work and values; notes stay private, agreed actions are kept.",
        "social", "low", (3, 15), 60, 28, "closed", facilitated=True, requires=("prompts", "actions"),
        serves=("reflect_together",), preparation=15, feedback_form="pulse", counts={"facilitator": (0, 1)},
    ),
    Format(
        "networking_event", "Networking event",
        "Many people, online or not, in small rooms that are mixed for diversity each round.",
        "social", "low", (6, 30), 60, 28, "open", roles=HOSTS, requires=("rooms",), serves=("meet_people",),
        preparation=30, membership="open", feedback_form="pulse", counts={"host": (0, 5)},
    ),
    Format(
        "online_workgroup", "Online workgroup",
        "A lasting group of new and old staff with members and resources.",
        "collaborative", "low", (3, 30), 30, 14, "open", roles=CONTRIBUTORS,
        serves=("exchange_practice", "join_the_company"), membership="open", feedback_form="pulse",
        counts={"facilitator": (0, 2)}, posts=True,
    ),
    Format(
        "discussion_forum", "Discussion forum",
        "A place elsewhere where people ask and answer; it is linked here and its meetings are counted.",
        "social", "low", (3, 30), 30, 28, "open", roles=CONTRIBUTORS, requires=("link",),
        serves=("exchange_practice", "get_help_now"), membership="open", feedback_form="none",
        counts={"facilitator": (0, 2)}, posts=True,
    ),
    Format(
        "office_hours", "Office hours",
        "Short slots to book with somebody who helps; slots that nobody books are released.",
        "peer", "low", (2, 12), 30, 7, roles=HOSTS, serves=("get_help_now",), membership="open",
        feedback_form="pulse", counts={"host": (1, 1)}, slots=True,
    ),
    Format(
        "study_group", "Study group",
        "People with the same learning goal or course study together.",
        "collaborative", "low", (3, 12), 60, 7, roles=CONTRIBUTORS, requires=("learning_goal",),
        serves=("develop_a_skill",), counts={"facilitator": (0, 1)},
    ),
    Format(
        "rotation", "Job rotation",
        "A dated placement in another job, with a host there.",
        "peer", "high", (2, 4), 60, 28, roles=SHADOWS, requires=("placement",), serves=("learn_a_job",),
        preparation=15, feedback_form="debrief", counts={"host": (1, 1), "observer": (1, 3)},
    ),
    Format(
        "cohort", "Cohort",
        "A series with fixed membership that learns by experience.",
        "collaborative", "medium", (4, 30), 60, 14, facilitated=True, serves=("develop_a_skill", "grow_a_career"),
        preparation=30, membership="fixed", counts={"facilitator": (0, 1)},
    ),
    Format(
        "peer_workshop", "Peer-led workshop",
        "Peers practise a skill under one of them.",
        "peer", "medium", (4, 30), 90, 28, "open", serves=("develop_a_skill", "share_lessons"), preparation=60,
        membership="open", counts={"presenter": (1, 3)},
    ),
    Format(
        "teach_one_thing", "Teach one thing",
        "Fifteen minutes, one presenter, one takeaway.",
        "peer", "low", (2, 30), 15, 14, "open", requires=("takeaway",), serves=("develop_a_skill", "share_lessons"),
        preparation=10, membership="open", feedback_form="pulse", counts={"presenter": (1, 1)},
    ),
    Format(
        "ad_hoc", "Ad hoc",
        "Any meaningful collaboration, logged after the fact and confirmed by both sides.",
        "peer", "low", (2, 8), 15, 7, requires=("confirmation",), serves=("get_help_now",), feedback_form="pulse",
    ),
    Format(
        "critique_group", "Critique group",
        "Rounds of presenting, critique and adjusting; confidential unless the group decides otherwise.",
        "peer", "medium", (3, 8), 90, 14, "closed", facilitated=True, roles=CONTRIBUTORS, rotation=TURNS,
        requires=("challenge", "rotation"), serves=("get_honest_feedback", "solve_a_challenge"), preparation=20,
        feedback_form="critique", counts={"facilitator": (0, 1)},
    ),
    Format(
        "practice_feedback_adjust", "Practice, feedback, adjust",
        "Somebody tries a new skill, hears feedback and tries again: three recorded steps.",
        "peer", "medium", (2, 8), 60, 14, roles=CONTRIBUTORS, rotation=TURNS,
        requires=("practice", "feedback", "adjustment"), serves=("develop_a_skill", "get_honest_feedback"),
        preparation=15, feedback_form="critique", counts={"facilitator": (0, 1)},
    ),
    Format(
        "peer_authored_content", "Peer-authored content",
        "Seasoned employees make learning content for a role and an onboarding stage.",
        "peer", "medium", (2, 8), 60, 14, "open", roles=CONTRIBUTORS, requires=("resource",),
        serves=("make_content", "join_the_company"), preparation=30, counts={"facilitator": (0, 1)},
    ),
)  # fmt: skip

FORMATS: Mapping[str, Format] = {found.name: found for found in ALL}


def format_named(name: str, formats: Mapping[str, Format] = FORMATS) -> Format:
    """The format of that name. Raises InvalidRequest naming the field."""
    try:
        return formats[name]
    except KeyError:
        raise InvalidRequest.naming("format", "is none of GET /v1/formats") from None
