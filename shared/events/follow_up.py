"""What is asked after sessions and what is counted of it: answers in shuffled batches, and nobody's name."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Event, Value
from shared.events.sessions import Count, Score
from shared.events.topics import SESSIONS_FEEDBACK


class TransferAnswer(Value):
    """What became of a session 30, 60 or 90 days later, in the words of one of those who were there."""

    applied: Count
    """How often what was learned has been used."""
    frequency: Annotated[int, Field(ge=0, le=4)]
    effect: Annotated[int, Field(ge=0, le=4)]
    first_use_days: Count | None
    """Days from the session to the first use; none yet is None."""
    barrier: Code | None
    """time, manager, no-occasion, not-relevant, tools, other; or none."""
    minutes_saved: Annotated[int, Field(ge=0, le=10_000)] | None = None
    """Minutes that using it has saved since the session, as they say; None where they do not."""


class CheckInsReleased(Event):
    """A shuffled batch of check-ins on transfer, by five or more distinct people of one division."""

    event_type = "org.lateral.sessions.check-ins.released.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    batch_id: UUID
    programme_id: UUID
    format: Code
    division: Code
    day: Annotated[int, Field(ge=1)]
    """30, 60 or 90: days after the session that was asked about."""
    month: date
    """First day of the month of those sessions."""
    released_on: date
    answers: Annotated[tuple[TransferAnswer, ...], Field(min_length=5)]
    form_version: Annotated[int, Field(ge=1)] = 1
    """Of the standard questions on transfer."""


class FormItem(Value):
    """One question of a frozen form, by its code; its words stay in sessions."""

    code: Code
    reverse: bool
    """High is bad."""


class PulseReleased(Event):
    """A shuffled batch of answers to a short pulse, by five or more distinct people of one division."""

    event_type = "org.lateral.sessions.pulse.released.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    batch_id: UUID
    programme_id: UUID
    division: Code
    theme: Code
    """What the pulse measures: safety, belonging, and what an organization adds."""
    month: date
    released_on: date
    items: Annotated[tuple[FormItem, ...], Field(min_length=1)]
    answers: Annotated[tuple[tuple[Score, ...], ...], Field(min_length=5)]
    """One tuple a person, in the order of `items`."""
    form_id: UUID | None = None
    form_version: int | None = None
    """Which version of which form was asked."""


class PairedAnswer(Value):
    """One respondent before and after, in the order of the survey's items."""

    before: tuple[Score, ...]
    after: tuple[Score, ...]
    later: tuple[Score, ...] | None = None
    """A third time, 30 days and more after the second; of nobody in a part where fewer than five have answered it."""


class SurveyPaired(Event):
    """A behaviour survey is closed: everybody who answered it before and after, shuffled, five or more."""

    event_type = "org.lateral.sessions.survey.paired.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    survey_id: UUID
    programme_id: UUID
    arm: Code
    """`participants`, `waitlist` for whoever is compared with them, or `teachers`: those of them who teach."""
    opened_on: date | None = None
    """The first day on which it was asked."""
    released_on: date
    items: Annotated[tuple[FormItem, ...], Field(min_length=1)]
    asked: Count
    before: Count
    """How many answered before."""
    after: Count
    pairs: Annotated[tuple[PairedAnswer, ...], Field(min_length=5)]
    form_id: UUID | None = None
    form_version: int | None = None
    """Which version of which form was asked both times."""
    part: Count = 0
    """A large survey comes in several parts, numbered from 0; `asked`, `before` and `after` are of the whole."""


class FormAnswersReleased(Event):
    """A shuffled batch of answers to a feedback form other than the first one, by five or more distinct people."""

    event_type = "org.lateral.sessions.form-answers.released.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    batch_id: UUID
    programme_id: UUID
    division: Code
    form_id: UUID
    form_version: Annotated[int, Field(ge=1)]
    month: date
    """First day of the sessions' month."""
    released_on: date
    items: Annotated[tuple[FormItem, ...], Field(min_length=1)]
    answers: Annotated[tuple[tuple[Score, ...], ...], Field(min_length=5)]
    """One tuple a person, in the order of `items`."""
    format: Code | None = None
    """Of the sessions that were asked about."""
    recommended: tuple[Annotated[int, Field(ge=0, le=10)], ...] = ()
    """Where the form asks whether people would recommend it: one answer a person, in an order of their own."""


class FacilitationAnswer(Value):
    """What one member of a group says of whoever leads it."""

    flow: Score
    neutral: Score
    heard: Score
    safe: Score
    on_time: Score


class FacilitationRated(Event):
    """A shuffled batch of answers about one facilitator, by five or more people; nothing says about whom."""

    event_type = "org.lateral.sessions.facilitation.rated.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    batch_id: UUID
    programme_id: UUID
    month: date
    """First day of the quarter in which they were led."""
    released_on: date
    answers: Annotated[tuple[FacilitationAnswer, ...], Field(min_length=5)]


class ResponsesCounted(Event):
    """How many were asked and how many have answered, so far; never of fewer than five people."""

    event_type = "org.lateral.sessions.responses.counted.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    programme_id: UUID
    kind: Code
    """feedback, check-in-30, check-in-60, check-in-90, survey-before, survey-after, survey-later, facilitation
    or pulse."""
    month: date
    """First day of the month in which they were asked."""
    version: Annotated[int, Field(ge=1)]
    """Counts up per programme, kind and month."""
    asked: Annotated[int, Field(ge=5)]
    answered: Count


class CourseGapCounted(Event):
    """How many people a course has left with a question that a session brought up; in steps of five people."""

    event_type = "org.lateral.sessions.course-gap.counted.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    programme_id: UUID
    course: Code
    """Its id for LTI and xAPI."""
    month: date
    """First day of it."""
    version: Annotated[int, Field(ge=1)]
    """Counts up per programme, course and month."""
    people: Annotated[int, Field(ge=5)]


class ConcernRaised(Event):
    """Somebody has raised a concern: counted, and nothing else."""

    event_type = "org.lateral.sessions.concern.raised.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    concern_id: UUID
    """Random, and known nowhere else: it keeps a repetition from counting twice."""
    programme_id: UUID
    month: date


class PeerReviewClosed(Event):
    """A round of peer review is over: what was asked, done, given to somebody else, and disputed."""

    event_type = "org.lateral.sessions.peer-review.closed.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    round_id: UUID
    programme_id: UUID
    closed_on: date
    works: Count
    reviews_asked: Count
    reviews_done: Count
    reallocated: Count
    escalated: Count
