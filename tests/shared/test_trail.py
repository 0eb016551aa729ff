"""`audit verify` and `audit export`, as an auditor types them."""

import asyncio
import json

from typer.testing import CliRunner

from shared.db import Database
from shared.settings import Settings
from shared.trail import commands
from tests.shared.test_audit import sealed, tamper, write


async def told(chassis: Settings, verb: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, commands(lambda: chassis), [verb])
    return result.exit_code, result.output


async def test_a_whole_trail_holds_and_is_printed(db: Database, chassis: Settings) -> None:
    await write(db, 3)
    await sealed(db)
    assert await told(chassis, "verify") == (0, "the trail holds: 3 sealed lines\n")
    code, printed = await told(chassis, "export")
    lines = [json.loads(line) for line in printed.splitlines()]
    assert (code, [line["seq"] for line in lines]) == (0, [1, 2, 3])
    assert {line["action"] for line in lines} == {"create_thing"}
    assert len({line["hash"] for line in lines}) == 3


async def test_a_changed_line_is_named(db: Database, chassis: Settings) -> None:
    await write(db, 3)
    await sealed(db)
    await tamper(db, "UPDATE audit SET object = '/v1/other' WHERE id = 2")
    code, printed = await told(chassis, "verify")
    assert (code, printed) == (1, "the trail does not hold at position 2 of 3, where row 2 was sealed\n")
