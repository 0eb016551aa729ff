"""What matching listens to."""

from collections.abc import Sequence

from services.matching.commands.buddies import propose_buddies
from services.matching.commands.erasures import answer_requests, erase
from services.matching.commands.people import change_people
from services.matching.commands.programmes import change_programmes
from services.matching.commands.projections import learn_skills
from services.matching.commands.received import hear
from services.matching.commands.shards import take
from services.matching.domain.format import BUDDY_FORMAT
from services.matching.privacy import CATALOGUE
from shared.consumer import Handlers
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.directory import PersonChanged, PersonErased, SkillChanged
from shared.events.matching import ShardOffered
from shared.events.privacy import ErasureRequested
from shared.events.sessions import LikenessRated, ProgrammeChanged
from shared.privacy.handlers import privacy_handlers


async def on_person_changed(conn: Connection, envelopes: Sequence[Envelope[PersonChanged]]) -> None:
    """Project people, and put right what their change touches."""
    await change_people(conn, envelopes)


async def on_person_erased(conn: Connection, envelopes: Sequence[Envelope[PersonErased]]) -> None:
    """Forget people for good."""
    causes = {envelope.data.person_id: envelope for envelope in envelopes}
    await erase(conn, list(causes), causes)


async def on_skill_changed(conn: Connection, envelopes: Sequence[Envelope[SkillChanged]]) -> None:
    """Project labels."""
    await learn_skills(conn, [envelope.data for envelope in envelopes])


async def on_programme_changed(conn: Connection, envelopes: Sequence[Envelope[ProgrammeChanged]]) -> None:
    """Project programmes; whom one is not for any more leaves it; a buddy programme catches up on recent hires."""
    await change_programmes(conn, envelopes)
    if any(envelope.data.format == BUDDY_FORMAT for envelope in envelopes):
        await propose_buddies(conn)


async def on_likeness_rated(conn: Connection, envelopes: Sequence[Envelope[LikenessRated]]) -> None:
    """Learn how pairs more or less alike were received."""
    await hear(conn, [envelope.data for envelope in envelopes])


async def on_shard_offered(conn: Connection, envelopes: Sequence[Envelope[ShardOffered]]) -> None:
    """Take parts of large rounds: this worker solves them next."""
    await take(conn, envelopes)


async def on_erasure_requested(conn: Connection, envelopes: Sequence[Envelope[ErasureRequested]]) -> None:
    """Forget people and say so."""
    await answer_requests(conn, envelopes)


HANDLERS: Handlers = {
    PersonChanged: on_person_changed,
    PersonErased: on_person_erased,
    SkillChanged: on_skill_changed,
    ProgrammeChanged: on_programme_changed,
    LikenessRated: on_likeness_rated,
    ShardOffered: on_shard_offered,
    ErasureRequested: on_erasure_requested,
    **privacy_handlers(CATALOGUE),
}
