"""The audit finds nothing missing where nothing is, and one missing event where one is."""

import asyncpg
import pytest

from deploy.local.audit_events import audit, audit_at_rest
from tests.flows.conftest import Company

pytestmark = pytest.mark.real_broker
FORGET_ONE = """
DELETE FROM inbox WHERE (consumer, source, event_id) = (
    SELECT consumer, source, event_id FROM inbox WHERE source = '/directory' LIMIT 1
) RETURNING consumer, source, event_id
"""


async def test_one_event_that_was_not_taken_is_found(company: Company) -> None:
    assert (await audit_at_rest(company.stack)).lost == 0
    matching = await asyncpg.connect(company.stack["databases"]["matching"])
    try:
        row = await matching.fetchrow(FORGET_ONE)
        assert row
        found = await audit(company.stack)
        assert [(at.reader, at.lost) for at in found.crossings if at.lost] == [
            ("matching", frozenset({row["event_id"]}))
        ]
        await matching.execute("INSERT INTO inbox VALUES ($1, $2, $3)", *row)
    finally:
        await matching.close()
    assert (await audit_at_rest(company.stack)).lost == 0


async def test_what_the_broker_acknowledged_and_no_longer_has_is_found(company: Company) -> None:
    assert (await audit_at_rest(company.stack)).lost == 0
    found = await audit(company.stack, {"hr.workers": {"promised"}})
    assert [(at.topic, at.reader, at.lost) for at in found.crossings if at.lost] == [
        ("hr.workers", "directory", frozenset({"promised"}))
    ]
