"""Takes in whole taxonomies: a file is kept line by line at once, and applied by and by, where it stopped."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.directory.commands.skills import import_skills
from services.directory.domain.taxonomy_files import Line
from services.directory.store import skill_imports as store
from shared.db import Connection

LINES_AT_ONCE = 1000
NOT_HERE = "the skill is not in the taxonomy: import the skills before their relations"


async def start_import(conn: Connection, form: str, language: str, lines: Sequence[Line]) -> UUID:
    """Keep the lines of a file to be taken in; returns the import's id."""
    import_id = uuid4()
    await store.insert(conn, import_id, form, language, lines)
    return import_id


async def go_on_importing(conn: Connection) -> int:
    """Take in the next lines of the oldest import and return how many; a crash repeats no line and loses none."""
    found = await store.lock_open(conn)
    if found is None:
        return 0
    lines = await store.waiting(conn, found.import_id, LINES_AT_ONCE)
    if lines:
        outcomes = await import_skills(
            conn, [entry for _, entry in lines], found.language, adds=found.format == "esco-relations"
        )
        answers = [
            (number, "refused", NOT_HERE) if outcome == "unknown" else (number, outcome, None)
            for (number, _), outcome in zip(lines, outcomes, strict=True)
        ]
        await store.answer(conn, found.import_id, answers)
    if len(lines) < LINES_AT_ONCE:
        await store.finish(conn, found.import_id)
        await store.prune(conn)
    return len(lines)
