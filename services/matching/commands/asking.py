"""A suggestion acted on: a colleague is asked, and who asks has said yes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.matching.commands.problems import inside, problem_for
from services.matching.domain.asking import MOST_OPEN, ColleagueNotFree, NotTakingPart, TooManyAsked
from services.matching.domain.format import KINDS, UnknownPerson, UnknownProgramme
from services.matching.domain.match import Match, tell
from services.matching.engine.explain import own
from services.matching.engine.people import Match as Formed
from services.matching.engine.suggestions import together
from services.matching.queries.not_asked import in_the_way
from services.matching.store import left_alone, matches, people, programmes
from services.matching.store.programmes import Programme
from shared import outbox, sql
from shared.db import Connection
from shared.refusal import InvalidRequest

SQL = sql.load("services.matching", "matches")
ROUNDS = sql.load("services.matching", "rounds")
OF_THE_PROGRAMME = frozenset({"another_format", "another_modality", "nothing_of_it"})
"""What is in the way of this programme; anything else is of all."""


async def ask(conn: Connection, person_id: UUID, colleague_id: UUID, programme_id: UUID, skill_id: str) -> Match:
    """Propose oneself to a colleague, to learn a skill from them in a programme; the pair as it is proposed.

    All that is about who asks is looked at first, and told; what is about the colleague is told in one way. Raises
    UnknownPerson, InvalidRequest, NotTakingPart, TooManyAsked or ColleagueNotFree.
    """
    await conn.execute(ROUNDS.deciding)
    today = datetime.now(UTC).date()
    if person_id == colleague_id:
        raise InvalidRequest.naming("colleague_id", "is yourself")
    programme = await _programme(conn, person_id, programme_id, today)
    await _check_asker(conn, person_id, programme, skill_id, today)
    if await conn.fetchval(SQL.count_asked, person_id) >= MOST_OPEN:
        raise TooManyAsked(f"{MOST_OPEN} colleagues have not answered yet: ask again when one has.", state="proposed")
    formed = await _formed(conn, programme, person_id, colleague_id, skill_id, today)
    if formed is None:
        raise ColleagueNotFree
    (proposed,) = matches.proposals("pair", [[formed]], programme, None)
    match = proposed.asked_for(person_id)
    await matches.insert(conn, [match])
    await left_alone.forget(conn, programme_id, [person_id])
    await outbox.append(conn, tell(match))
    return match


async def _programme(conn: Connection, person_id: UUID, programme_id: UUID, today: date) -> Programme:
    """A programme in which somebody may be paired now, as far as the programme is concerned."""
    open_ = {one.programme_id: one for one in await programmes.open_to(conn, person_id, today)}
    programme = open_.get(programme_id) or await _any(conn, programme_id)
    kind = KINDS.get(programme.format)
    if not programme.published:
        wrong = "is not published"
    elif kind != "pair":
        wrong = "forms no pairs" if kind else "matches nobody: people join it by themselves"
    elif programme.rules.exchange:
        wrong = "is one in which who learns also teaches: a round finds who can exchange"
    elif programme_id not in open_:
        rows = await conn.fetch(ROUNDS.not_asked_of, programme_id, [person_id], None)
        matched = any(row["reason"] == "has_match" for row in rows)
        wrong = "has an open match of yours already" if matched else "is not for you"
    else:
        return programme
    raise InvalidRequest.naming("programme_id", wrong)


async def _any(conn: Connection, programme_id: UUID) -> Programme:
    try:
        return await programmes.get(conn, programme_id)
    except UnknownProgramme:
        raise InvalidRequest.naming("programme_id", "is no programme that is known here") from None


async def _check_asker(conn: Connection, person_id: UUID, programme: Programme, skill_id: str, today: date) -> None:
    """Nothing that is their own is in the way."""
    row, seen = await people.by_programmes(conn, person_id, [programme], today)
    if row is None:
        raise UnknownPerson("There is no such person here.")
    code = in_the_way(row, programme, seen[0], today)
    if code in OF_THE_PROGRAMME:
        raise InvalidRequest.naming("programme_id", own(code))
    if code is not None:
        raise NotTakingPart(own(code), state=code)
    if programme.skills and skill_id not in programme.skills:
        raise InvalidRequest.naming("skill_id", "is nothing this programme is about")
    if all(skill_id != skill for skill, *_ in seen[0].person.needs):
        raise InvalidRequest.naming("skill_id", "is not among what you want to learn: name it in your profile first")


async def _formed(
    conn: Connection, programme: Programme, person_id: UUID, colleague_id: UUID, skill_id: str, today: date
) -> Formed | None:
    """The two as a round would have them, by what is known now; None where anything speaks against it.

    What who asks said to earlier proposals, that they had no time or did not want the skill, is over: they ask.
    """
    both = [person_id, colleague_id]
    problem, _ = await problem_for(conn, programme, today, today.toordinal(), only=both)
    (asker,) = await people.everybody(conn, programme, today, [person_id])
    there = (one for one in problem.people if one.id != person_id)
    everybody = (inside(asker.person, both), *there)
    return together(replace(problem, people=everybody), person_id, colleague_id, skill_id)
