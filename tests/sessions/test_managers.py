"""What somebody's manager may read of what they answered: nothing."""

import json
from collections import defaultdict
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.sessions.policy import POLICY
from shared.auth import Allow
from tests.sessions.conftest import World
from tests.sessions.test_feedback import give, held, release_all

SAID = "qzxvsaidvxzq"
READS = [row.removeprefix("GET ") for row, rule in POLICY.items() if row.startswith("GET ") and isinstance(rule, Allow)]
DESCRIPTIONS = {"/v1/sessions/{session_id}/feedback-form", "/v1/privacy/catalogue"}
"""What is asked and kept, not what was answered."""
ANSWERS = {"usefulness", "relevance", "engagement", "comment", "scores"}


def members(reply: httpx.Response) -> set[str]:
    """The names of all that an answer says something under, at any depth."""
    found: set[str] = set()

    def note(pairs: list[tuple[str, Any]]) -> None:
        found.update(name for name, value in pairs if value is not None)

    if reply.headers.get("content-type", "").startswith("application/json"):
        json.loads(reply.text, object_pairs_hook=note)
    return found


@pytest.mark.parametrize("attends", [False, True])
async def test_a_manager_reads_no_field_of_feedback_wherever_they_look(attends: bool, world: World) -> None:
    """Figure 8: by every route that reads, with the ids of what was answered; from outside, and having been there."""
    (session, *_), people = await held(world, 11)
    await world.execute("UPDATE programmes SET confidentiality = 'chatham'")
    for person in people[:10]:
        await give(world, session, person, (1, 2, 5), SAID)
    await release_all(world)
    await world.execute("UPDATE feedback_batches SET released_on = current_date - 1")
    (found,) = await world.fetch("SELECT programme_id, group_id FROM sessions WHERE session_id = $1", session)
    manager = people[10] if attends else uuid4()
    ids: dict[str, Any] = defaultdict(uuid4, session_id=session, person_id=people[0], **found)
    answered = 0
    for path in READS:
        reply = await world.call("GET", path.format_map(ids), who=manager, roles=("manager",))
        assert reply.status_code < 500, path
        assert SAID not in reply.text, path
        answered += reply.is_success
        if path in DESCRIPTIONS:
            continue
        assert not ANSWERS & members(reply), path
        if "feedback" in path or "comments" in path:
            assert reply.status_code == 403, path
    assert len(READS) > 60
    assert answered > 10
    comments = await world.own("GET", f"/v1/programmes/{found['programme_id']}/comments")
    assert SAID in comments.text, "there was something to read"
