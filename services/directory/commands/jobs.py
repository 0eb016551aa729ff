"""What jobs ask for: whoever holds one is published anew, with the gaps that follow."""

from collections.abc import Mapping

from services.directory.commands.proficiency import unusable
from services.directory.domain.plain import check_code
from services.directory.domain.refusals import UnknownJobProfile
from services.directory.store import jobs as store
from services.directory.store import proficiency as proficiency_store
from shared.db import Connection
from shared.refusal import InvalidRequest, match_version


async def set_job_profile(
    conn: Connection, job_code: str, title: str, targets: Mapping[str, int], expected: int | None
) -> None:
    """Create or replace a job profile; one that is there needs the version that was seen.

    Raises UnclearCode, PreconditionRequired, PreconditionFailed, or InvalidRequest naming the target.
    """
    check_code("job_code", job_code)
    known = await store.lock(conn, job_code)
    if known is not None:
        match_version(known["version"], expected)
    if refused := await unusable(conn, list(targets)):
        place = next(place for place, skill_id in enumerate(targets) if skill_id in refused)
        raise InvalidRequest.naming(f"targets.{place}.skill_id", refused[list(targets)[place]])
    await store.save(conn, job_code, title, targets)
    await proficiency_store.mark_job_stale(conn, job_code)


async def delete_job_profile(conn: Connection, job_code: str, expected: int | None) -> None:
    """Ask nothing of a job any more. Raises UnknownJobProfile, PreconditionRequired or PreconditionFailed."""
    known = await store.lock(conn, job_code)
    if known is None:
        raise UnknownJobProfile("There is no such job profile.")
    match_version(known["version"], expected)
    await store.delete(conn, job_code)
    await proficiency_store.mark_job_stale(conn, job_code)
