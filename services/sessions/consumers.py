"""Which event is met by what."""

from collections.abc import Sequence
from typing import Any

from services.sessions.commands import erasures, groups, matches, people, proposals, webhooks
from services.sessions.privacy import CATALOGUE
from shared.consumer import Handlers
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.directory import ContactChanged, ContactErased, PersonChanged, PersonErased, SkillChanged
from shared.events.knowledge import KnowledgeChanged, KnowledgeUsed
from shared.events.matching import (
    CircleChanged,
    CircleFormed,
    FacilitatorReplaced,
    KnowledgeAtRisk,
    KnowledgeSettled,
    MatchAccepted,
    MatchEnded,
)
from shared.events.privacy import ErasureRequested
from shared.events.sessions import (
    ProgrammeChanged,
    SessionCancelled,
    SessionHeld,
    SessionRescheduled,
    SessionScheduled,
)
from shared.privacy.handlers import privacy_handlers


async def on_person_erased(conn: Connection, envelopes: Sequence[Envelope[Any]]) -> None:
    """Forget them; the receipt is written for the request, not for the tombstone."""
    await erasures.erase_people(conn, [envelope.data.person_id for envelope in envelopes])


HANDLERS: Handlers = {
    PersonChanged: people.project_people,
    PersonErased: on_person_erased,
    ContactChanged: people.project_contacts,
    ContactErased: on_person_erased,
    SkillChanged: people.project_skills,
    MatchAccepted: groups.form_groups,
    CircleFormed: groups.form_groups,
    CircleChanged: matches.replace_facilitators,
    FacilitatorReplaced: matches.replace_facilitators,
    MatchEnded: matches.end_groups,
    KnowledgeAtRisk: proposals.note_risks,
    KnowledgeSettled: proposals.withdraw,
    ErasureRequested: erasures.complete_erasures,
    # Webhooks are one more reader of what this service says.
    ProgrammeChanged: webhooks.fan_out,
    SessionScheduled: webhooks.fan_out,
    SessionRescheduled: webhooks.fan_out,
    SessionCancelled: webhooks.fan_out,
    SessionHeld: webhooks.fan_out,
    KnowledgeChanged: webhooks.fan_out,
    KnowledgeUsed: webhooks.fan_out,
    **privacy_handlers(CATALOGUE),
}
