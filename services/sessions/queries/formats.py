"""The catalogue as everybody sees it, and which of it fits a need."""

from services.sessions.domain.advice import Advice, advise
from services.sessions.domain.formats import Formality, Format, Need
from services.sessions.domain.playbooks import Playbook
from services.sessions.store import formats as store
from shared.db import Connection
from shared.refusal import InvalidRequest


async def list_formats(conn: Connection, *, after: str, limit: int) -> list[Format]:
    """In order of name, one more than `limit`."""
    known = await store.known(conn)
    return [known[name] for name in sorted(known) if name > after][: limit + 1]


async def get_playbook(conn: Connection, name: str, version: int | None) -> Playbook:
    """One version, or the newest. Raises UnknownPlaybook."""
    return await store.playbook(conn, name, version)


async def advise_method(conn: Connection, need: Need, people: int, formality: Formality | None) -> list[Advice]:
    """Formats that serve a need, best first. Raises InvalidRequest where each of them takes more people."""
    known = (await store.known(conn)).values()
    found = advise(known, need, people, formality)
    if not found:
        least = min(shape.size[0] for shape in known if need in shape.serves)
        raise InvalidRequest.naming("people", f"too few: every format for this need takes {least} or more")
    return found
