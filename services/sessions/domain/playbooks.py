"""How a session of each format goes well: the first version of every playbook, in steps that can be ticked off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.refusal import InvalidRequest, NotFound

OPENING = "Remind everybody of the ground rules and of how confidential this is."
CLOSING = "Ask what each one takes along, and say when the next meeting is."
MOST_STEPS, LONGEST_STEP = 30, 500


class UnknownPlaybook(NotFound):
    """There is no such format, or its playbook has no such version."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """One version of the steps of a format."""

    format: str
    version: int
    steps: tuple[str, ...]


STEPS: Mapping[str, Sequence[str]] = {
    "peer_discussion": (
        "Write down the topic or challenge before the day.", OPENING,
        "Let the one whose topic it is say in five minutes what they have tried.",
        "Ask questions before giving advice; hear everybody once before anybody twice.",
        "Let the one whose topic it is say what they will try next.", CLOSING,
    ),
    "community_of_practice": (
        "Read the charter together when somebody new is there.", "Begin with what has been tried since last time.",
        "Give most of the time to one practice of a department that the others do not know.",
        "Add what was shown to the group's resources.", CLOSING,
    ),
    "mentoring_circle": (
        OPENING, "Let today's mentee describe one real situation, without solutions.",
        "The mentors ask open questions, then tell what they did in a similar place.",
        "The mentee names one step and a date.", "Look at the step of the mentee before.", CLOSING,
    ),
    "knowledge_sharing": (
        "Agree with the presenters which lesson each one brings.", "Show what went wrong beside what went well.",
        "Keep a third of the time for questions.", "Write the lesson down before it counts as held.", CLOSING,
    ),
    "problem_solving": (
        "Write the challenge as a problem, its context and the desired result.", OPENING,
        "Collect causes before solutions.", "Let each function say what it would try.",
        "Choose one attempt, with an owner and a date.", "Record the outcome.",
    ),
    "mentoring": (
        "Agree on goals, on how often and until when, and accept the ground rules.",
        "Begin with what was agreed last time.", "Let the mentee choose the subject.",
        "End with one agreed step.", "Look at the goals together every third meeting.",
    ),
    "coaching": (
        "See that the coach's certificate is on record.", "Agree on one goal of the coachee's own.",
        "Ask; do not advise.", "Measure the distance to the goal together.",
    ),
    "job_shadowing": (
        "Write the checklist of what shall be seen and done.", "Tell the host's team that somebody watches.",
        "Watch first, then do under the host's eyes.", "Debrief on the same day: what surprised, what will be used.",
    ),
    "onboarding_buddy": (
        "Write to the newcomer before the first day.", "Show the way in, the canteen and whom to ask for what.",
        "Ask what was confusing this week.", "Introduce one more colleague.",
    ),
    "newcomer_introductions": (
        "Say why these two should know each other.", "Let each tell what they work on and what they like to be asked.",
        "Agree on one occasion to meet again.",
    ),
    "lunch_and_learn": (
        "Ask who will be in the room and who remote.", "One subject, twenty minutes, food allowed.",
        "Questions of the remote ones first.", "No test, no marks.",
    ),
    "peer_review": (
        "Agree on the rubric before anybody reviews.", "Hand the work over a week ahead.",
        "Review by the rubric, in writing.", "Deliver in confidence: first what works, then what would help.",
        "Let the reviewee say what they will change.",
    ),
    "group_reflection": (
        "Send the prompts a day before.", OPENING, "Write alone for five minutes; the notes stay with their writers.",
        "Share what one wants to share.", "Agree on at most three actions and write those down.",
    ),
    "networking_event": (
        "Form the rooms anew for each round.", "Give each room one question to begin with.",
        "Keep rounds at ten to fifteen minutes.", "End with an offer and a wish from everybody.",
    ),
    "online_workgroup": (
        "Welcome whoever is new by name.", "Look at open questions first.", "Add links to what was found.", CLOSING,
    ),
    "discussion_forum": (
        "Link the place where the discussion is.", "Name who answers this week.",
        "Bring the three best answers to the next meeting.",
    ),
    "office_hours": (
        "Offer slots a week ahead.", "Let the guest say in two minutes what they need.",
        "Help them to do it themselves.", "Note questions that come again, for a session of their own.",
    ),
    "study_group": (
        "Agree on the learning goal and on what to read.", "Begin with what was not understood.",
        "Explain to each other without the text.", "Do one exercise together.", CLOSING,
    ),
    "rotation": (
        "Write down the placement: where, from when to when, for what.", "Meet the host before the first day.",
        "Review each month what was learned.", "Tell the home team what to take over.",
    ),
    "cohort": (
        "Begin with what each one has tried since last time.", "Work on one subject by doing it.",
        "Form pairs that call each other in between.", CLOSING,
    ),
    "peer_workshop": (
        "Say what everybody will be able to do afterwards.", "Show it once, then let everybody do it.",
        "Go round and help.", "Let the quickest help the next.", CLOSING,
    ),
    "teach_one_thing": (
        "Choose one thing that fits into fifteen minutes.", "Show it; let one of the others repeat it.",
        "Write down the one takeaway.",
    ),
    "ad_hoc": ("Log who, how long and about what.", "Let the other side confirm."),
    "critique_group": (
        OPENING, "The presenter says which feedback would help.", "The others describe before they judge.",
        "The presenter only asks back.", "The presenter says what they will adjust.",
        "Next time begins with what was adjusted.",
    ),
    "practice_feedback_adjust": (
        "Say which skill is tried.", "Practise, and record what was done.",
        "Give feedback on what was seen, and record it.", "Adjust at once, and record what changed.",
    ),
    "peer_authored_content": (
        "Choose role and onboarding stage.", "Collect what newcomers ask most.", "Write it for somebody's first week.",
        "Let a newcomer try it.", "Add the resource with its author's consent.",
    ),
}  # fmt: skip


def first(name: str, based_on: str | None = None) -> Playbook:
    """Version 1: the catalogue's; an organization's own format begins with that of the format it is based on."""
    return Playbook(name, 1, tuple(STEPS[based_on or name]))


def check_done(playbook: Playbook, done: Sequence[int]) -> None:
    """Raise InvalidRequest when a step is ticked that the playbook does not have."""
    if wrong := sorted({number for number in done if not 1 <= number <= len(playbook.steps)}):
        raise InvalidRequest.naming("done", f"has no step {wrong[0]}: there are {len(playbook.steps)}")
