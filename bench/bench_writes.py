"""Commands through their whole HTTP side, against a bare FastAPI route that writes a row and an event.

Ours are a sign-up to a session and an answer after one, with all that production does: access token, policy, trace,
metrics, problems, audit trail; the session's lock, seats, ground rules, state machine, the event in the outbox; the
form that is asked, whose turn it is, a cell without an author. The bare route is FastAPI and asyncpg as their tutorials
show them: a pool with its defaults, a pydantic body, one transaction with the insert of a row and of its event, a
response model; nothing of the above.

python -m bench.bench_writes [--size 20000] [--seconds 3] [--turns 5]
"""

import argparse
import asyncio
import random
import statistics
from collections.abc import Iterator
from itertools import repeat
from typing import Literal
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI
from fastapi import Request as Call
from pydantic import BaseModel

from bench.bench_sessions import DIVISIONS, FIRST, SEATS, ZONES, crowd, envelope, person, programme
from bench.servers import Request, bare, founded, ours, plain_app, rate, serving
from services.sessions.app import create_app
from services.sessions.commands.people import project_people
from services.sessions.settings import SessionsSettings
from shared.db import Connection, Database
from tests.fixtures.issuer import Issuer

CALLERS = 32
EACH = 100
"""Sessions somebody is invited to: their token is verified once, and known for its time."""
PROGRAMMES = 20
"""In which somebody was: their token is known too, and each answer is their first of its month."""
SAID = b'{"answer":"accept"}'
SCORES = b'{"usefulness":5,"relevance":4,"engagement":3}'


class Answer(BaseModel):
    """What is sent."""

    answer: Literal["accept", "decline"]


class Answered(BaseModel):
    """What comes back, and goes out as an event."""

    session_id: UUID
    person_id: UUID
    state: str


def posting(settings: SessionsSettings) -> FastAPI:
    """A row and its event in one transaction."""
    app = plain_app(settings)

    @app.post("/v1/sessions/{session_id}/rsvp", response_model=Answered)
    async def write(session_id: UUID, body: Answer, request: Call) -> Answered:
        told = Answered(session_id=session_id, person_id=uuid4(), state=body.answer)
        async with request.app.state.pool.acquire() as conn, conn.transaction():
            await conn.execute("INSERT INTO bare VALUES ($1, $2, $3)", told.session_id, told.person_id, told.state)
            await conn.execute(
                "INSERT INTO bare_outbox (topic, key, value) VALUES ('participation', $1, $2)",
                str(told.session_id),
                told.model_dump_json().encode(),
            )
        return told

    return app


async def invite(conn: Connection, size: int) -> list[tuple[UUID, UUID]]:
    """So many places in sessions of ten seats, each person in a hundred: (session, person), in random order."""
    programme_id, group = await programme(conn), uuid4()
    await conn.execute(
        "CREATE TABLE bare (session_id uuid, person_id uuid, state text, PRIMARY KEY (session_id, person_id));"
        "CREATE TABLE bare_outbox"
        " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text, key text, value bytea)"
    )
    await conn.execute(
        "INSERT INTO groups (group_id, programme_id, match_version, kind, state, rules_version, rules_text)"
        " VALUES ($1, $2, 1, 'circle', 'active', 1, 'Be kind')",
        group,
        programme_id,
    )
    people = [uuid4() for _ in range(size // EACH)]
    sessions = [uuid4() for _ in range(size // SEATS)]
    await conn.execute(
        "INSERT INTO sessions (session_id, version, state, group_id, programme_id, number, due_on, starts_at,"
        " ends_at, capacity, why) SELECT session_id, 1, 'scheduled', $2, $3, number, $4,"
        " now() + number * interval '1 hour', now() + (number + 1) * interval '1 hour', $5, ''"
        " FROM unnest($1::uuid[]) WITH ORDINALITY AS u (session_id, number)",
        sessions, group, programme_id, FIRST, SEATS,
    )  # fmt: skip
    places = [(sessions[at // SEATS], people[at % len(people)]) for at in range(size)]
    await conn.executemany(
        "INSERT INTO participants (session_id, person_id, role) VALUES ($1, $2, 'participant')", places
    )
    await conn.executemany(
        "INSERT INTO acknowledgements (group_id, person_id, rules_version) VALUES ($1, $2, 1)",
        [(group, one) for one in people],
    )
    random.Random(7).shuffle(places)
    return places


async def attend(conn: Connection, size: int) -> list[tuple[UUID, UUID]]:
    """So many places of known people of fifty divisions who were there, of each in twenty programmes."""
    people = [uuid4() for _ in range(size // PROGRAMMES // SEATS * SEATS)]
    await project_people(
        conn, [envelope(person(one, ZONES[0], f"d{at % DIVISIONS}"), at) for at, one in enumerate(people)]
    )
    places = []
    for _ in range(PROGRAMMES):
        theirs = await crowd(conn, len(people) // SEATS, SEATS)
        await conn.execute(
            "UPDATE participants AS t SET person_id = n.new, state = 'attended'"
            " FROM unnest($1::uuid[], $2::uuid[]) AS n (old, new) WHERE t.person_id = n.old",
            [one for _, one in theirs],
            people,
        )
        places += [(session, one) for (session, _), one in zip(theirs, people, strict=True)]
    return places


def asked(path: str, said: bytes, places: list[tuple[UUID, UUID]], issuer: Issuer) -> Iterator[Request]:
    """The same of each, by whose place it is."""
    tokens = {one: issuer.token(exp=7200, person_id=str(one)) for one in {one for _, one in places}}
    return (Request("POST", f"/v1/sessions/{session}/{path}", tokens[one], said) for session, one in places)


async def writes(
    settings: SessionsSettings, ours_asked: dict[str, Iterator[Request]], seconds: float, turns: int
) -> None:
    """By turns of each server."""
    plain = repeat(Request("POST", f"/v1/sessions/{uuid4()}/rsvp", "none", SAID))
    async with serving(ours, create_app, settings) as our, serving(bare, posting, settings) as theirs:
        for server, some in (*((our, some) for some in ours_asked.values()), (theirs, plain)):
            await rate(server, some, CALLERS, seconds / 2)  # tokens, plans and connections
        for name, said in ours_asked.items():
            taken = [
                (await rate(our, said, CALLERS, seconds), await rate(theirs, plain, CALLERS, seconds))
                for _ in range(turns)
            ]
            ratios = [one[0] / other[0] for one, other in taken]
            (one, spent), (other, least) = (
                (statistics.median(rates), statistics.median(costs))
                for rates, costs in (zip(*column, strict=True) for column in zip(*taken, strict=True))
            )
            print(f"POST {name:12} {one:>6,.0f}/s {spent:>5,.0f} us   bare {other:>6,.0f}/s {least:>5,.0f} us   ratio"
                  f" {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f};"
                  f" {least / spent:.2f} by the server's CPU)")  # fmt: skip
        print(f"memory {our.process.memory_info().rss >> 20} MB, bare {theirs.process.memory_info().rss >> 20} MB")
    conn = await asyncpg.connect(settings.database_url)
    told, seats, given, kept = [
        await conn.fetchval(query)
        for query in (
            "SELECT count(*) FROM outbox WHERE topic = 'sessions.participation'",
            "SELECT count(*) FROM participants WHERE state = 'registered'",
            "SELECT count(*) FROM feedback_given",
            "SELECT sum(cardinality(answers)) FROM feedback_cells",
        )
    ]
    await conn.close()
    print(f"{seats:,} seats taken, {told:,} events; {given:,} have answered, {kept:,} answers")


async def main() -> None:
    """Invitations, and their answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    async with founded("sessions", SessionsSettings) as (found, issuer):
        settings = found.model_copy(update={"acquire_timeout": 30.0})  # nobody is told to come again
        db = await Database.connect(settings)
        async with db.transaction() as conn:
            places, attended = await invite(conn, given.size), await attend(conn, given.size)
        async with db.acquire() as conn:
            await conn.execute("ANALYZE")
        await db.close()
        said = {"a sign-up": ("rsvp", SAID, places), "an answer": ("feedback", SCORES, attended)}
        requests = {name: asked(*each, issuer) for name, each in said.items()}
        await writes(settings, requests, given.seconds, given.turns)


if __name__ == "__main__":
    asyncio.run(main())
