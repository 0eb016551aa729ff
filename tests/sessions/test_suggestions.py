"""K5: suggestions reach those who can act on them, and come back to those who made them."""

from itertools import permutations
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from services.sessions.commands.erasures import erase_people
from services.sessions.domain.suggestions import Answer, SuggestionSettled, check_move
from tests.sessions.conftest import World
from tests.sessions.shelf import RESOURCE, leave

TEXT = "Let two of us present together."


async def suggest(world: World, who: UUID, **body: Any) -> Any:
    return await world.call("POST", "/v1/suggestions", {"text": TEXT, **body}, who=who)


async def inbox(world: World, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.own("GET", f"/v1/suggestions?{query}")).json()["items"]
    return items


async def read(world: World, who: UUID, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.call("GET", f"/v1/suggestions?{query}", who=who)).json()["items"]
    return items


async def answer(world: World, suggestion: dict[str, Any], state: str) -> Any:
    body = {"state": state, "reply": "From January on, two may."}
    return await world.own("POST", f"/v1/suggestions/{suggestion['suggestion_id']}/answer", body)


async def test_a_suggestion_is_answered_its_author_is_told_and_others_read_the_answer(world: World) -> None:
    """K5."""
    author, colleague = await world.people(2)
    programme = await world.programme(confidentiality="open")
    assert (await suggest(world, author, programme_id=str(programme))).status_code == 202
    (waiting,) = await inbox(world, f"programme_id={programme}&state=open")
    assert (waiting["author_id"], waiting["text"], waiting["reply"]) == (str(author), TEXT, None)
    assert await read(world, colleague) == []
    assert len(await read(world, author, "mine=true")) == 1
    refused = await world.call("POST", f"/v1/suggestions/{waiting['suggestion_id']}/answer", {}, who=author)
    assert refused.status_code == 403
    planned = await answer(world, waiting, "planned")
    assert (planned.status_code, planned.json()["state"], planned.json()["version"]) == (200, "planned", 2)
    assert (await answer(world, waiting, "done")).status_code == 200
    settled = await answer(world, waiting, "declined")
    assert (settled.status_code, settled.json()["state"]) == (409, "done")
    (seen,) = await read(world, colleague)
    assert (seen["author_id"], seen["reply"]) == (None, "From January on, two may.")
    told = await world.fetch("SELECT person_id FROM messages WHERE about = 'suggestion'")
    assert [row["person_id"] for row in told] == [author, author]


async def test_a_suggestion_without_a_name_stands_beside_none(world: World) -> None:
    author, colleague = await world.people(2)
    item = await leave(world, colleague, RESOURCE)
    assert (await suggest(world, author, item_id=item["item_id"], named=False)).status_code == 202
    (waiting,) = await inbox(world, f"item_id={item['item_id']}")
    assert waiting["author_id"] is None
    assert await read(world, author, "mine=true") == []
    ((found,),) = await world.fetch("SELECT count(*) FROM suggestions WHERE to_jsonb(suggestions)::text LIKE $1",
                                    f"%{author}%")  # fmt: skip
    assert found == 0
    await answer(world, waiting, "done")
    assert await world.fetch("SELECT FROM messages WHERE about = 'suggestion'") == []
    assert len(await read(world, author)) == 1


async def test_only_those_a_programme_is_for_suggest_and_nothing_of_a_closed_one_is_read_by_others(
    world: World,
) -> None:
    author, colleague = await world.people(2)
    elsewhere = await world.programme(audience_units=["engineering"])
    for unknown in (str(elsewhere), str(uuid4())):
        assert (await suggest(world, author, programme_id=unknown)).status_code == 404
    assert (await suggest(world, author, item_id=str(uuid4()))).status_code == 404
    closed = await world.programme(confidentiality="closed")
    await suggest(world, author, programme_id=str(closed))
    (waiting,) = await inbox(world)
    await answer(world, waiting, "done")
    assert await read(world, colleague) == []
    assert len(await read(world, author)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"named": "so"}, "named"),
        ({"item_id": "x"}, "item_id"),
        ({"mood": 1}, "mood"),
    ],
)
async def test_a_wrong_field_of_a_suggestion_is_named(body: dict[str, Any], field: str, world: World) -> None:
    reply = await suggest(world, uuid4(), **body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, field)


async def test_whoever_is_erased_takes_along_what_they_suggested_under_their_name(world: World) -> None:
    author, other = await world.people(2)
    await suggest(world, author)
    await suggest(world, other)
    async with world.db.transaction() as conn:
        assert (await erase_people(conn, [author]))[author] >= 2
    assert [one["author_id"] for one in await inbox(world)] == [str(other)]


def test_once_done_or_declined_a_suggestion_stays_so() -> None:
    for first, second in permutations(get_args(Answer), 2):
        check_move("open", first)
        if first == "planned":
            check_move(first, second)
            continue
        with pytest.raises(SuggestionSettled):
            check_move(first, second)
