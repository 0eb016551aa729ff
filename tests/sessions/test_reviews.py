"""Peer review: allocated fairly, chased, given to somebody else, escalated, delivered without a name."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sessions.commands.reviews import run_rounds
from services.sessions.domain.reviews import allocate, disputed
from shared import sql
from tests.sessions.conftest import TODAY, World
from tests.sessions.events import circle
from tests.sessions.gathering import found

RUBRIC = [{"code": "clear", "text": "It is clear."}, {"code": "useful", "text": "It can be used."}]


@given(st.uuids(), st.lists(st.uuids(), unique=True, max_size=12), st.integers(1, 5))
def test_everybody_reviews_as_many_as_they_are_reviewed_by(round_id: UUID, authors: list[UUID], wanted: int) -> None:
    pairs = allocate(round_id, authors, wanted)
    count = min(wanted, len(authors) - 1) if authors else 0
    assert all(author != reviewer for author, reviewer in pairs)
    assert len(set(pairs)) == len(pairs)
    if count > 0:
        assert Counter(author for author, _ in pairs) == Counter(reviewer for _, reviewer in pairs)
        assert set(Counter(author for author, _ in pairs).values()) == {count}
    assert allocate(round_id, authors[::-1], wanted) == pairs


def test_reviewers_differ_when_they_are_three_points_apart() -> None:
    assert not disputed([[4, 4], [2, 5]], 2)
    assert disputed([[5, 4], [2, 4]], 2)
    assert disputed([[5, 5]], 2)
    assert not disputed([[5, 5]], 1)


SQL = sql.load("services.sessions", "reviews")


async def tick(world: World) -> int:
    async with world.db.transaction() as conn:
        return await run_rounds(conn)


def plan() -> dict[str, Any]:
    """A round of review that begins tomorrow."""
    days = {"submit_by": str(TODAY + timedelta(days=1)), "review_by": str(TODAY + timedelta(days=8))}
    return {"rubric": RUBRIC, "reviewers": 2, **days}


async def started(world: World, authors: int = 4) -> tuple[str, list[UUID]]:
    """A round with a work of some of a circle of five, allocated; the facilitator is last."""
    people = await world.people(6)
    programme = await world.programme(cadence_days=56, group_size_min=4, group_size_max=8)
    await world.hear(circle(programme, people[:5], people[5]))
    ((group,),) = await world.fetch("SELECT group_id FROM groups")
    refused = await world.call("POST", f"/v1/groups/{group}/review-rounds", plan(), who=people[0])
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-theirs-to-open")
    made = await world.call("POST", f"/v1/groups/{group}/review-rounds", plan(), who=people[5])
    assert made.status_code == 201, made.text
    round_id = made.json()["round_id"]
    for one in people[:authors]:
        body = {"title": f"Plan of {one}", "link": "https://docs.example.org/plan"}
        for _ in range(2):
            assert (await world.call("PUT", f"/v1/review-rounds/{round_id}/work", body, who=one)).status_code == 200
    await world.execute("UPDATE review_rounds SET submit_by = current_date - 1")
    assert await tick(world) == authors * min(2, authors - 1)
    return round_id, people


async def tasks(world: World, person: UUID) -> list[dict[str, Any]]:
    found = (await world.call("GET", "/v1/reviews", who=person)).json()["items"]
    assert isinstance(found, list)
    return found


async def review(world: World, person: UUID, scores: tuple[int, int] = (4, 4)) -> None:
    for task in await tasks(world, person):
        body = {"scores": list(scores), "comment": "Well done."}
        reply = await world.call("PUT", f"/v1/reviews/{task['review_id']}", body, who=person)
        assert reply.status_code == 200, reply.text


async def test_a_round_from_works_to_delivery(world: World) -> None:
    """F12."""
    round_id, people = await started(world)
    for one in people[:4]:
        (first, *_) = found = await tasks(world, one)
        assert len(found) == 2
        assert "author_id" not in first
    late = {"title": "Late", "link": "https://docs.example.org/late"}
    refused = await world.call("PUT", f"/v1/review-rounds/{round_id}/work", late, who=people[4])
    assert (refused.status_code, refused.json()["state"]) == (409, "reviewing")
    (task, *_) = await tasks(world, people[0])
    path = f"/v1/reviews/{task['review_id']}"
    wrong = await world.call("PUT", path, {"scores": [1], "comment": "x"}, who=people[0])
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "scores")
    assert (await world.call("PUT", path, {"scores": [1, 1], "comment": "x"}, who=people[5])).status_code == 404
    works = f"/v1/review-rounds/{round_id}/works"
    for one in people[:4]:
        assert (await world.call("GET", works, who=one)).json()["items"][0]["reviews"] == []
        await review(world, one)
    assert await tick(world) == 5
    for one in people[:4]:
        (work,) = (await world.call("GET", works, who=one)).json()["items"]
        assert (work["state"], len(work["reviews"])) == ("delivered", 2)
        assert set(work["reviews"][0]) == {"scores", "comment"}
    again = await world.call("PUT", path, {"scores": [1, 1], "comment": "x"}, who=people[0])
    assert (again.status_code, again.json()["state"]) == (409, "done")
    (event,) = await world.told("peer-review.closed")
    assert (event["works"], event["reviews_asked"], event["reviews_done"], event["escalated"]) == (4, 8, 8, 0)
    told = await world.fetch("SELECT person_id FROM messages WHERE about = 'review-delivered'")
    assert {row["person_id"] for row in told} == set(people[:4])


async def test_a_missed_review_goes_to_somebody_who_was_not_asked(world: World) -> None:
    """F12."""
    _, people = await started(world)
    for one in people[1:4]:
        await review(world, one)
    await world.execute("UPDATE reviews SET due_on = current_date - 1 WHERE state = 'asked'")
    missed = await world.fetch("SELECT work_id FROM reviews WHERE state = 'asked'")
    assert len(missed) == 2
    await tick(world)
    rows = await world.fetch(
        "SELECT v.reviewer_id, w.author_id FROM reviews v JOIN works w USING (work_id) WHERE again"
    )
    assert len(rows) == 2
    assert all(row["reviewer_id"] not in {row["author_id"], people[0], people[5]} for row in rows)


async def test_neither_the_author_nor_the_facilitator_takes_over_a_review(world: World) -> None:
    _, people = await started(world)
    ((work, author),) = await world.fetch("SELECT work_id, author_id FROM works ORDER BY work_id LIMIT 1")
    assert await world.fetch(SQL.candidates, work)
    for one in set(people[:5]) - {author}:
        await world.execute(
            "INSERT INTO reviews (work_id, reviewer_id, due_on, again) VALUES ($1, $2, current_date, true)"
            " ON CONFLICT DO NOTHING",
            work, one,
        )  # fmt: skip
    assert await world.fetch(SQL.candidates, work) == []


async def test_where_reviewers_differ_the_facilitator_has_a_word(world: World) -> None:
    """F12."""
    round_id, people = await started(world, 3)
    for one, scores in zip(people[:3], ((1, 3), (5, 3), (5, 3)), strict=True):
        await review(world, one, scores)
    await tick(world)
    works = f"/v1/review-rounds/{round_id}/works"
    waiting = (await world.call("GET", works, who=people[5])).json()["items"]
    assert len(waiting) == 2
    told = await world.fetch("SELECT DISTINCT person_id FROM messages WHERE about = 'review-escalated'")
    assert [row["person_id"] for row in told] == [people[5]]
    assert await world.told("peer-review.closed") == []
    for work in waiting:
        path = f"/v1/works/{work['work_id']}/verdict"
        assert (await world.call("POST", path, {"text": "Mine."}, who=people[0])).status_code == 404
        done = await world.call("POST", path, {"text": "Both have a point."}, who=people[5])
        assert done.json()["state"] == "delivered"
        again = await world.call("POST", path, {"text": "Once more."}, who=people[5])
        assert (again.status_code, again.json()["state"]) == (409, "delivered")
    await tick(world)
    (event,) = await world.told("peer-review.closed")
    assert (event["works"], event["escalated"]) == (3, 2)
    assert (await world.call("POST", f"/v1/works/{uuid4()}/verdict", {"text": "x"}, who=people[5])).status_code == 404


async def disputed_work(world: World, people: list[UUID], author: UUID, confidentiality: str, sponsor: UUID) -> str:
    """A work in a study group of these, founded by the first, whose reviewers (the last two) differ; its round."""
    programme = await world.programme(
        format="study_group", sponsor_id=str(sponsor), confidentiality=confidentiality, group_size_min=3
    )
    members = [{"person_id": str(one)} for one in people[1:]]
    group = (await found(world, people[0], programme, members=members))["group_id"]
    made = await world.call("POST", f"/v1/groups/{group}/review-rounds", plan(), who=people[0])
    round_id = made.json()["round_id"]
    for one in {author, *people[-2:]}:
        body = {"title": f"Plan of {one}", "link": "https://docs.example.org/plan"}
        assert (await world.call("PUT", f"/v1/review-rounds/{round_id}/work", body, who=one)).status_code == 200
    await world.execute("UPDATE review_rounds SET submit_by = current_date - 1")
    await tick(world)
    await world.execute("DELETE FROM works WHERE author_id <> $1", author)
    for one, score in zip(people[-2:], (1, 5), strict=True):
        await review(world, one, (score, score))
    await tick(world)
    return str(round_id)


@pytest.mark.parametrize(
    ("size", "author", "confidentiality", "asked"),
    [
        (5, 1, "open", 0),
        (4, 0, "open", 1),
        (3, 0, "open", -1),
        (3, 0, "closed", 1),
    ],
    ids=["the founder", "a member who is no party", "the sponsor", "a party: a closed group keeps it"],
)
async def test_without_a_facilitator_somebody_else_is_asked(
    world: World, size: int, author: int, confidentiality: str, asked: int
) -> None:
    last, *others = sorted(await world.people(size, facilitator_ready=False), reverse=True)
    people = [last, *sorted(others)]
    (sponsor,) = await world.people(1)
    round_id = await disputed_work(world, people, people[author], confidentiality, sponsor)
    who = [*people, sponsor][asked]
    told = await world.fetch("SELECT person_id, subject_id FROM messages WHERE about LIKE 'review-%'")
    assert [row["person_id"] for row in told] == [who]
    works = f"/v1/review-rounds/{round_id}/works"
    for one in {*people, sponsor} - {who}:
        assert (await world.call("GET", works, who=one)).json()["items"] == []
        refused = await world.call("POST", f"/v1/works/{told[0]['subject_id']}/verdict", {"text": "Mine."}, who=one)
        assert refused.status_code == 404
    (work,) = (await world.call("GET", works, who=who)).json()["items"]
    assert (work["state"], len(work["reviews"])) == ("escalated", 2)
    done = await world.call("POST", f"/v1/works/{work['work_id']}/verdict", {"text": "Both have a point."}, who=who)
    assert (done.status_code, done.json()["state"]) == (200, "delivered")
    await tick(world)
    (event,) = await world.told("peer-review.closed")
    assert (event["works"], event["escalated"]) == (1, 1)


@pytest.mark.parametrize(("authors", "asked"), [(1, 2), (2, 4)])
async def test_where_works_are_few_other_members_review_them_too(world: World, authors: int, asked: int) -> None:
    """F12."""
    people = await world.people(5, facilitator_ready=False)
    programme = await world.programme(format="study_group", group_size_min=3)
    members = [{"person_id": str(one)} for one in people[1:]]
    group = (await found(world, people[0], programme, members=members))["group_id"]
    made = await world.call("POST", f"/v1/groups/{group}/review-rounds", plan(), who=people[0])
    round_id = made.json()["round_id"]
    for one in people[:authors]:
        body = {"title": "A plan", "link": "https://docs.example.org/plan"}
        assert (await world.call("PUT", f"/v1/review-rounds/{round_id}/work", body, who=one)).status_code == 200
    await world.execute("UPDATE review_rounds SET submit_by = current_date - 1")
    assert await tick(world) == asked
    rows = await world.fetch("SELECT author_id, reviewer_id, again FROM reviews JOIN works USING (work_id)")
    assert set(Counter(row["author_id"] for row in rows).values()) == {2}
    assert all(row["author_id"] != row["reviewer_id"] and not row["again"] for row in rows)
    for one in people:
        await review(world, one)
    await tick(world)
    (work,) = (await world.call("GET", f"/v1/review-rounds/{round_id}/works", who=people[0])).json()["items"]
    assert (work["state"], len(work["reviews"])) == ("delivered", 2)


async def test_two_missed_reviews_of_one_work_go_to_two_others(world: World) -> None:
    """F12."""
    await started(world)
    await world.execute("UPDATE reviews SET due_on = current_date - 1")
    await world.execute("DELETE FROM reviews WHERE work_id <> (SELECT work_id FROM works ORDER BY work_id LIMIT 1)")
    await tick(world)
    rows = await world.fetch("SELECT reviewer_id, state FROM reviews")
    assert Counter(row["state"] for row in rows) == {"missed": 2, "asked": 2}
    assert len({row["reviewer_id"] for row in rows}) == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"submit_by": str(TODAY - timedelta(days=2))}, "submit_by"),
        ({"review_by": str(TODAY + timedelta(days=1))}, "review_by"),
        ({"rubric": [*RUBRIC, RUBRIC[0]]}, "rubric.2.code"),
    ],
)
async def test_a_round_that_cannot_be_is_refused_by_the_name_of_its_field(
    world: World, changes: dict[str, Any], field: str
) -> None:
    people = await world.people(3, facilitator_ready=False)
    members = [{"person_id": str(one)} for one in people[1:]]
    programme = await world.programme(format="study_group", group_size_min=3)
    path = f"/v1/groups/{(await found(world, people[0], programme, members=members))['group_id']}/review-rounds"
    refused = await world.call("POST", path, {**plan(), **changes}, who=people[0])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    closing = await world.own("POST", f"/v1/programmes/{programme}/close", {"reason": "It is over"})
    assert closing.status_code == 200, closing.text
    ended = await world.call("POST", path, plan(), who=people[0])
    assert (ended.status_code, ended.json()["state"]) == (409, "ended")
