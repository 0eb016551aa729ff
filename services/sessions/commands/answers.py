"""Take answers in without their author, and let them go in batches."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.sessions.domain.facilitation import STATEMENTS
from services.sessions.domain.follow_up import (
    AlreadyAnswered,
    NotAsked,
    NotOpen,
    check_scores,
    chunks,
    draw,
    hide_few,
    pair,
    respondent,
)
from services.sessions.domain.forms import is_recommendation
from shared import outbox, sql
from shared.db import Connection, Record
from shared.events.base import Event
from shared.events.follow_up import (
    CheckInsReleased,
    FacilitationAnswer,
    FacilitationRated,
    FormAnswersReleased,
    FormItem,
    PulseReleased,
    SurveyPaired,
    TransferAnswer,
)

SQL = sql.load("services.sessions", "follow_up")
FORMS = sql.load("services.sessions", "forms")
FACILITATION = sql.load("services.sessions", "facilitation")
PEOPLE = sql.load("services.sessions", "people")


async def check_in(conn: Connection, session_id: UUID, day: int, person_id: UUID, answer: TransferAnswer) -> None:
    """Keep what somebody says of transfer, apart from who says it. Raises NotAsked, AlreadyAnswered, NotOpen."""
    # Two answers of one person take turns here: each must see the other to get a round of its own.
    division = await conn.fetchval(PEOPLE.lock_division, person_id)
    kind = f"check-in-{day}"
    programme = await _take(conn, person_id, kind, session_id)
    session = await conn.fetchrow(SQL.session_of, session_id)
    if session is None:
        raise NotAsked("There is no such session any more.")
    month = session["month"]
    turn = await conn.fetchval(SQL.count_answered, person_id, kind, programme, month)
    cell = (programme, kind, session["format"], division or "none", month, turn)
    await conn.execute(SQL.keep, *cell, answer.model_dump(mode="json"))


async def answer_survey(
    conn: Connection, survey_id: UUID, wave: str, person_id: UUID, scores: Sequence[int], token: str | None
) -> None:
    """Keep the scores of one wave; with a token they pair with the other wave's.

    Raises NotAsked, AlreadyAnswered, NotOpen, InvalidRequest.
    """
    division = await conn.fetchval(PEOPLE.lock_division, person_id)
    kind = "pulse" if wave == "pulse" else f"survey-{wave}"
    programme = await _take(conn, person_id, kind, survey_id)
    row = await conn.fetchrow(SQL.list_surveys, survey_id, None, None, None, 1)
    if row is None:
        raise NotAsked("There is no such survey any more.")
    check_scores(scores, row["items"])
    month = row["before_from"].replace(day=1)
    kept = {"s": list(scores), "t": respondent(survey_id, token) if token and wave != "pulse" else None}
    apart = division or "none" if wave == "pulse" else "all"
    await conn.execute(SQL.keep, programme, kind, str(survey_id), apart, month, 0, kept)


async def rate_facilitator(conn: Connection, session_id: UUID, person_id: UUID, answer: FacilitationAnswer) -> None:
    """Keep what somebody says of whoever led them, without an author. Raises NotAsked, AlreadyAnswered, NotOpen."""
    programme = await _take(conn, person_id, "facilitation", session_id)
    session = await conn.fetchrow(FACILITATION.led, session_id)
    if session is None:
        raise NotAsked("Nobody leads this session any more.")
    # Everybody answers once a quarter about a facilitator: five answers of a cell are five people's.
    cell = (programme, "facilitation", str(session["facilitator_id"]), "all", session["month"], 0)
    await conn.execute(SQL.keep, *cell, answer.model_dump(mode="json"))


async def release_answers(conn: Connection) -> int:
    """Release check-ins and pulses that five people, or ten, have answered; returns how many batches that were."""
    today, events = datetime.now(UTC).date(), []
    for row in await conn.fetch(SQL.lock_ripe):
        leaving, waiting = draw(row["answers"])
        events.append(await _released(conn, row, leaving, today))
        names = ("programme_id", "kind", "topic", "division", "month", "round")
        rest = sorted(waiting, key=repr)
        await conn.execute(SQL.keep_the_rest, *(row[name] for name in names), rest)
    await outbox.append_all(conn, [(event, None) for event in events])
    return len(events)


async def close_surveys(conn: Connection) -> int:
    """Pair the two waves of surveys that are over, tell the pairs if there are five, and forget every answer."""
    today, events = datetime.now(UTC).date(), []
    over = await conn.fetch(SQL.lock_over)
    for survey in over:
        outcome = "told in batches"
        if survey["kind"] == "survey":
            cells = await conn.fetch(SQL.survey_cells, survey["programme_id"], str(survey["survey_id"]))
            told = await _paired(conn, survey, {row["kind"]: row["answers"] for row in cells}, today)
            outcome = "paired" if told else "fewer than five answered both times"
            events += told
            await conn.execute(SQL.forget_survey_answers, survey["programme_id"], str(survey["survey_id"]))
        await conn.execute(SQL.close_survey, survey["survey_id"], outcome)
    await outbox.append_all(conn, [(event, None) for event in events])
    return len(over)


async def _take(conn: Connection, person_id: UUID, kind: str, subject_id: UUID) -> UUID:
    programme = await conn.fetchval(SQL.take_prompt, person_id, kind, subject_id)
    if programme is not None:
        return UUID(str(programme))
    prompt = await conn.fetchrow(SQL.get_prompt, person_id, kind, subject_id)
    if prompt is None:
        raise NotAsked("You were not asked this.")
    if prompt["answered"]:
        raise AlreadyAnswered("You have answered this already.", state="answered")
    window = {"opens_on": prompt["due_on"], "closes_on": prompt["expires_on"]}
    raise NotOpen("It cannot be answered today.", state="not open", **window)


async def _released(conn: Connection, row: Record, answers: Sequence[Any], today: date) -> Event:
    common = {"batch_id": uuid4(), "programme_id": row["programme_id"], "division": row["division"],
              "month": row["month"], "released_on": today}  # fmt: skip
    if row["kind"] == "pulse":
        survey = await conn.fetchrow(SQL.list_surveys, UUID(row["topic"]), None, None, None, 1)
        assert survey is not None
        scores = tuple(tuple(answer["s"]) for answer in answers)
        form = {"form_id": survey["form_id"], "form_version": survey["form_version"]}
        return PulseReleased(**common, **form, theme=survey["theme"], items=_items(survey), answers=scores)
    if row["kind"] == "facilitation":
        return await _rated(conn, row, common, answers)
    if row["kind"] == "feedback":
        return await _own_form(conn, row, common, [tuple(answer["s"]) for answer in answers])
    day = int(row["kind"].rsplit("-", 1)[-1])
    told = tuple(TransferAnswer(**answer) for answer in answers)
    return CheckInsReleased(**common, format=row["topic"], day=day, answers=told)


async def _paired(
    conn: Connection, survey: Record, cells: Mapping[str, Sequence[Mapping[str, Any]]], today: date
) -> list[Event]:
    before, after, later = (cells.get(f"survey-{wave}", ()) for wave in ("before", "after", "later"))
    asked = await conn.fetchval(SQL.count_asked, survey["survey_id"])
    return [
        SurveyPaired(
            survey_id=survey["survey_id"],
            programme_id=survey["programme_id"],
            arm=survey["arm"],
            opened_on=survey["before_from"],
            released_on=today,
            items=_items(survey),
            form_id=survey["form_id"],
            form_version=survey["form_version"],
            asked=asked,
            before=len(before),
            after=len(after),
            pairs=hide_few(part),
            part=number,
        )
        for number, part in enumerate(chunks(pair(before, after, later)))
    ]


async def _rated(
    conn: Connection, row: Record, common: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]
) -> FacilitationRated:
    told = {name: value for name, value in common.items() if name != "division"}
    event = FacilitationRated(**told, answers=tuple(FacilitationAnswer(**answer) for answer in answers))
    totals = [sum(answer[name] for answer in answers) for name in STATEMENTS]
    await conn.execute(
        FACILITATION.insert_batch, event.batch_id, UUID(row["topic"]), event.programme_id, event.month,
        event.released_on, len(answers), totals,
    )  # fmt: skip
    return event


async def _own_form(
    conn: Connection, row: Record, common: Mapping[str, Any], scores: Sequence[tuple[int, ...]]
) -> FormAnswersReleased:
    form_id, version, *rest = row["topic"].split(":")
    form = await conn.fetchrow(FORMS.get, UUID(form_id), int(version))
    assert form is not None
    rated = [place for place, item in enumerate(form["items"]) if is_recommendation(item)]
    answered = tuple(tuple(score for place, score in enumerate(row) if place not in rated) for row in scores)
    event = FormAnswersReleased(
        **common, form_id=UUID(form_id), form_version=int(version), items=_items(form), answers=answered,
        format=rest[0] if rest else None, recommended=tuple(sorted(row[place] for row in scores for place in rated)),
    )  # fmt: skip
    totals = [sum(column) for column in zip(*scores, strict=True)]
    await conn.execute(
        FORMS.insert_batch, event.batch_id, event.programme_id, event.form_id, event.form_version, event.month,
        event.released_on, len(scores), totals, event.format,
    )  # fmt: skip
    return event


def _items(survey: Record) -> tuple[FormItem, ...]:
    """What is agreed with, as events name it."""
    return tuple(
        FormItem(code=item["code"], reverse=item["reverse"]) for item in survey["items"] if not is_recommendation(item)
    )
