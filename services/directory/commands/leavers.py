"""Lets those go whose leaving an operator has approved."""

import logging
from datetime import datetime

from services.directory.commands.accounts import deactivate, deprovision
from services.directory.commands.erasures import erase_workers
from services.directory.store import holds as store
from services.directory.store import people as people_store
from shared.db import Connection, Record
from shared.refusal import Refused

AT_ONCE = 200
log = logging.getLogger(__name__)


async def let_go(conn: Connection, now: datetime) -> int:
    """Do what was asked of some who have waited, each by itself, and return how many; what a rule refuses is logged."""
    await people_store.lock_chart(conn)
    approved = await store.take_approved(conn, AT_ONCE)
    for each in approved:
        try:
            async with conn.transaction():
                await _let_go(conn, each, now)
        except Refused as refused:
            fields = {"refusal": type(refused).__name__, "way": each["way"], "person_id": str(each["person_id"])}
            log.error("an approved leaving was refused", extra={"fields": fields})  # noqa: TRY400 - a rule said no
    return len(approved)


async def _let_go(conn: Connection, each: Record, now: datetime) -> None:
    match each["way"]:
        case "erasure":
            await erase_workers(conn, [each["employee_number"]], {}, now)
        case "deactivation":
            await deactivate(conn, each["person_id"], now)
        case _:
            await deprovision(conn, each["person_id"], None, now, approved=True)
