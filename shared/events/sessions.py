"""What happens where people learn: programmes, sessions, participation, and feedback without an author."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Event, Moment, Text, Value
from shared.events.topics import (
    SESSIONS_FEEDBACK,
    SESSIONS_LIKENESS,
    SESSIONS_PARTICIPATION,
    SESSIONS_PROGRAMMES,
    SESSIONS_SESSIONS,
)

ProgrammeStatus = Literal["draft", "published", "closed"]
Confidentiality = Literal["open", "chatham", "closed"]
Modality = Literal["in_person", "remote", "hybrid"]
AttendanceState = Literal[
    "registered",
    "waitlisted",
    "cancelled_early",
    "cancelled_late",
    "attended",
    "no_show",
    "excused",
]
SessionRole = Literal[
    "facilitator",
    "presenter",
    "contributor",
    "participant",
    "observer",
    "host",
    "buddy",
    "newcomer",
    "mentor",
    "mentee",
    "reviewer",
    "reviewee",
]
Score = Annotated[int, Field(ge=1, le=5)]
Count = Annotated[int, Field(ge=0)]


class ProgrammeGoal(Value):
    """A measure of the metrics service and where it shall be by when."""

    measure: Code
    baseline: float
    target: float
    due: date
    since: date | None = None
    """A goal that was renewed is measured from this day on."""


class ProgrammeChanged(Event):
    """The whole of a programme."""

    event_type = "org.lateral.sessions.programme.changed.v1"
    topic = SESSIONS_PROGRAMMES
    key_field = "programme_id"

    programme_id: UUID
    version: Annotated[int, Field(ge=1)]
    status: ProgrammeStatus
    name: Code
    objective: Text
    sponsor_id: UUID | None
    format: Code
    modality: Modality
    confidentiality: Confidentiality
    audience_units: tuple[Code, ...]
    """Units whose people (and sub-units' people) may join; empty is everybody."""
    skills: tuple[Code, ...]
    """Skills the programme is about; empty is any."""
    group_size_min: Annotated[int, Field(ge=2, le=30)]
    group_size_max: Annotated[int, Field(ge=2, le=30)]
    cadence_days: Annotated[int, Field(ge=1)]
    session_minutes: Annotated[int, Field(ge=10)]
    starts_on: date
    ends_on: date
    goals: tuple[ProgrammeGoal, ...]
    audience_sites: tuple[Code, ...] = ()
    """Sites; this and what follows narrow the audience, empty and null do not."""
    audience_jobs: tuple[Code, ...] = ()
    audience_skills: tuple[Code, ...] = ()
    """Skills of which somebody offers or wants one."""
    audience_regions: tuple[Code, ...] = ()
    tenure_min_months: int | None = None
    tenure_max_months: int | None = None
    """Whole months since the hire date: at least the one, less than the other."""
    further_formats: tuple[Code, ...] = ()
    """What else its groups and sessions may be, beside `format`."""


class LinkedCourse(Value):
    """A course that belongs before or after a session; `uri` is its id for LTI and xAPI."""

    relation: Literal["before", "after"]
    uri: Code
    provider: Code | None = None


class SessionEvent(Event):
    """Every event of a session says all of it."""

    topic = SESSIONS_SESSIONS
    key_field = "session_id"

    session_id: UUID
    version: Annotated[int, Field(ge=1)]
    programme_id: UUID
    group_id: UUID
    match_id: UUID | None
    format: Code
    skill_id: Code | None
    starts_at: Moment
    ends_at: Moment
    capacity: Count
    facilitator_id: UUID | None
    courses: tuple[LinkedCourse, ...] = ()
    """Formal training beside it; nothing of a closed programme."""


class SessionScheduled(SessionEvent):
    """A session has a time inside everybody's working hours."""

    event_type = "org.lateral.sessions.session.scheduled.v1"


class SessionRescheduled(SessionEvent):
    """The session has another time or another facilitator."""

    event_type = "org.lateral.sessions.session.rescheduled.v1"


class SessionCancelled(SessionEvent):
    """The session will not take place."""

    event_type = "org.lateral.sessions.session.cancelled.v1"


class SessionHeld(SessionEvent):
    """The session took place and its attendance is recorded."""

    event_type = "org.lateral.sessions.session.held.v1"

    began_at: Moment | None = None
    """When it really began, where whoever recorded attendance noted it; a correction is a higher version."""
    facilitator_above: bool | None = None
    """Whether the facilitator was above somebody who was there, at any distance, when it was recorded."""


class ParticipationChanged(Event):
    """The whole of one person's part in one session. `version` counts up per session and person."""

    event_type = "org.lateral.sessions.participation.changed.v1"
    topic = SESSIONS_PARTICIPATION
    key_field = "session_id"

    session_id: UUID
    person_id: UUID
    version: Annotated[int, Field(ge=1)]
    programme_id: UUID
    format: Code
    session_starts_at: Moment
    state: AttendanceState
    role: SessionRole
    minutes: Count
    taught: Count
    asked: Count
    shared: Count
    challenged: Count
    summarised: Count
    skill_id: Code | None = None
    """What the session was about."""


class GroundRulesAcknowledged(Event):
    """A person has accepted a version of the group's ground rules. Keyed by group: it comes before any session."""

    event_type = "org.lateral.sessions.ground-rules.acknowledged.v1"
    topic = SESSIONS_PARTICIPATION
    key_field = "group_id"

    group_id: UUID
    programme_id: UUID
    person_id: UUID
    rules_version: Annotated[int, Field(ge=1)]


class RecordingConsentChanged(Event):
    """A participant does or does not agree to a recording; nothing is recorded unless everybody does."""

    event_type = "org.lateral.sessions.recording-consent.changed.v1"
    topic = SESSIONS_PARTICIPATION
    key_field = "session_id"

    session_id: UUID
    person_id: UUID
    version: Annotated[int, Field(ge=1)]
    consents: bool


class FeedbackAnswer(Value):
    """One anonymous answer."""

    usefulness: Score
    relevance: Score
    engagement: Score


class FeedbackReleased(Event):
    """A shuffled batch of five or more answers by distinct people of one division; nothing says who or where."""

    event_type = "org.lateral.sessions.feedback.released.v1"
    topic = SESSIONS_FEEDBACK
    key_field = "programme_id"

    batch_id: UUID
    programme_id: UUID
    format: Code
    division: Code
    """The respondents' unit below the root."""
    month: date
    """First day of the sessions' month."""
    released_on: date
    answers: Annotated[tuple[FeedbackAnswer, ...], Field(min_length=5)]
    form_version: Annotated[int, Field(ge=1)] = 1
    """Of the standard form."""


class LikenessRated(Event):
    """How useful ten or more distinct people, in whole tens, found sessions in which they learnt from one other.

    Of pairs of one likeness, all over the organization; nothing says who, when or in which programme.
    """

    event_type = "org.lateral.sessions.likeness.rated.v1"
    topic = SESSIONS_LIKENESS
    key_field = "likeness"

    format: Code
    """Of their programmes."""
    likeness: Code
    """How alike the two of each pair are: the class that MatchAccepted has."""
    answers: Annotated[int, Field(ge=10)]
    usefulness: Annotated[int, Field(ge=10)]
    """All their answers together, from 1 to 5 each."""
