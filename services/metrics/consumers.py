"""Which event does what: every handler takes a whole batch of one type."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, TypeAlias

from services.metrics.commands import (
    course_gaps,
    dimensions,
    facts,
    follow_up,
    freshness,
    matches,
    people,
    skills,
    statements,
    told,
)
from services.metrics.privacy import CATALOGUE
from shared import reconcile
from shared.batch import first, last
from shared.consumer import Handler, Handlers
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.delivery import TopicReconciled
from shared.events.directory import PersonChanged, PersonErased, SkillChanged, UnitChanged
from shared.events.follow_up import (
    CheckInsReleased,
    CourseGapCounted,
    FacilitationRated,
    FormAnswersReleased,
    PulseReleased,
    ResponsesCounted,
    SurveyPaired,
)
from shared.events.knowledge import KnowledgeUsed
from shared.events.matching import (
    CircleChanged,
    CircleFormed,
    FacilitatorReplaced,
    HelpClosed,
    HelpOffered,
    HelpRequested,
    MatchAccepted,
    MatchDeclined,
    MatchEnded,
    MatchExpired,
    MatchProposed,
    RoundCompleted,
)
from shared.events.privacy import ErasureRequested
from shared.events.sessions import (
    FeedbackReleased,
    GroundRulesAcknowledged,
    ParticipationChanged,
    ProgrammeChanged,
    SessionCancelled,
    SessionHeld,
    SessionRescheduled,
    SessionScheduled,
)
from shared.hot import hot
from shared.privacy.handlers import privacy_handlers

Batch: TypeAlias = Sequence[Envelope[Any]]


def _timed(handler: Handler) -> Handler:
    """Also record how long the events took to get here."""

    @wraps(handler)
    async def timed(conn: Connection, batch: Batch) -> None:
        await handler(conn, batch)
        await freshness.record_lag(conn, (envelope.time for envelope in batch))

    return timed


def _data(command: Callable[[Connection, Sequence[Any]], Awaitable[None]]) -> Handler:
    """A handler for a command that needs only what the events say."""

    async def handle(conn: Connection, batch: Batch) -> None:
        await command(conn, [envelope.data for envelope in batch])

    return _timed(handle)


@first(people.own_history)
@_timed
async def on_person(conn: Connection, batch: Batch) -> None:
    """Somebody is new here, or somewhere else, or can do something else."""
    states = [envelope.data for envelope in batch]
    await people.change_people(conn, states)
    await skills.change_skills(conn, states)
    await told.change_time_budgets(conn, states)


@last
@first(people.own_history)
@_timed
async def on_person_erased(conn: Connection, batch: Batch) -> None:
    """A tombstone: forget."""
    await people.erase_people(conn, batch)


@last
@first(people.own_history)
@_timed
async def on_erasure_requested(conn: Connection, batch: Batch) -> None:
    """Forget, and say so."""
    await people.answer_erasures(conn, batch)


@hot
@_timed
async def on_participation(conn: Connection, batch: Batch) -> None:
    """Somebody's part in a session: a fact, and, where there is a learning record store, a statement."""
    await facts.record_participations(conn, [envelope.data for envelope in batch])
    await statements.tell_participations(conn, batch)


@_timed
async def on_session_planned(conn: Connection, batch: Batch) -> None:
    """A session has a time, or another one."""
    await facts.record_sessions(conn, [envelope.data for envelope in batch], "scheduled")


@_timed
async def on_session_cancelled(conn: Connection, batch: Batch) -> None:
    """A session will not take place."""
    await facts.record_sessions(conn, [envelope.data for envelope in batch], "cancelled")


@_timed
async def on_session_held(conn: Connection, batch: Batch) -> None:
    """A session took place."""
    await facts.record_sessions(conn, [envelope.data for envelope in batch], "held")


@_timed
async def on_match(conn: Connection, batch: Batch) -> None:
    """A match is proposed, formed, changed or ended: no answer in it."""
    await matches.record_matches(conn, [(envelope.data, envelope.time) for envelope in batch])


@_timed
async def on_match_accepted(conn: Connection, batch: Batch) -> None:
    """Everybody said yes."""
    await matches.record_matches(conn, [(envelope.data, envelope.time) for envelope in batch], "accepted")


@_timed
async def on_match_declined(conn: Connection, batch: Batch) -> None:
    """Somebody said no."""
    await matches.record_matches(conn, [(envelope.data, envelope.time) for envelope in batch], "declined")


@_timed
async def on_match_expired(conn: Connection, batch: Batch) -> None:
    """Nobody answered in time."""
    await matches.record_matches(conn, [(envelope.data, envelope.time) for envelope in batch], "expired")


@_timed
async def on_round_completed(conn: Connection, batch: Batch) -> None:
    """A round of matching is published."""
    await matches.record_rounds(conn, [(envelope.data, envelope.time) for envelope in batch])


@_timed
async def on_survey(conn: Connection, batch: Batch) -> None:
    """A behaviour survey is closed, or a part of one."""
    surveys = [envelope.data for envelope in batch]
    await follow_up.record_surveys(conn, surveys)
    await told.record_survey_items(conn, surveys)


@_timed
async def on_help(conn: Connection, batch: Batch) -> None:
    """Help is asked for, offered first, or no longer wanted."""
    await told.record_help(conn, [(envelope.data, envelope.time) for envelope in batch])


async def on_topic_reconciled(conn: Connection, batch: Batch) -> None:
    """What a service says of its own delivery is no number whose age anybody asks for."""
    await reconcile.project(conn, [envelope.data for envelope in batch])


HANDLERS: Handlers = {
    PersonChanged: on_person,
    PersonErased: on_person_erased,
    UnitChanged: _data(dimensions.change_units),
    SkillChanged: _data(dimensions.change_skills),
    ProgrammeChanged: _data(dimensions.change_programmes),
    MatchProposed: on_match,
    MatchAccepted: on_match_accepted,
    MatchDeclined: on_match_declined,
    MatchExpired: on_match_expired,
    CircleFormed: on_match,
    CircleChanged: on_match,
    FacilitatorReplaced: on_match,
    MatchEnded: on_match,
    RoundCompleted: on_round_completed,
    HelpRequested: on_help,
    HelpOffered: on_help,
    HelpClosed: on_help,
    KnowledgeUsed: _data(told.record_knowledge),
    SessionScheduled: on_session_planned,
    SessionRescheduled: on_session_planned,
    SessionCancelled: on_session_cancelled,
    SessionHeld: on_session_held,
    ParticipationChanged: on_participation,
    GroundRulesAcknowledged: _data(told.record_acknowledgements),
    FeedbackReleased: _data(facts.record_feedback),
    CheckInsReleased: _data(follow_up.record_check_ins),
    PulseReleased: _data(follow_up.record_pulses),
    SurveyPaired: on_survey,
    FormAnswersReleased: _data(told.record_form_answers),
    FacilitationRated: _data(told.record_facilitation),
    ResponsesCounted: _data(follow_up.record_responses),
    CourseGapCounted: _data(course_gaps.record_course_gaps),
    ErasureRequested: on_erasure_requested,
    TopicReconciled: on_topic_reconciled,
    **privacy_handlers(CATALOGUE),
}
