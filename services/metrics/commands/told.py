"""What other services tell in sums, and what is counted together with people's parts in sessions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from services.metrics import store
from services.metrics.confidentiality import K, unsettled
from services.metrics.domain.facilitation import person_mean
from services.metrics.domain.latest import newest
from services.metrics.domain.learning import HIGHEST, normalised_gain
from services.metrics.domain.transfer import BARRIERS
from shared.db import Connection, Record
from shared.events.directory import PersonChanged
from shared.events.follow_up import FacilitationRated, FormAnswersReleased, SurveyPaired
from shared.events.knowledge import KnowledgeUsed
from shared.events.matching import HelpClosed, HelpEvent, HelpOffered
from shared.events.sessions import GroundRulesAcknowledged

SQL = store.TOLD


async def record_help(conn: Connection, told: Sequence[tuple[HelpEvent, datetime]]) -> None:
    """Record requests for help, in whatever order their events come."""
    await conn.execute(SQL.apply_help, [_help(event, at) for event, at in told])


def _help(event: HelpEvent, at: datetime) -> Mapping[str, Any]:
    row: dict[str, Any] = {"request_id": event.request_id, "asked_at": at, "seconds": None, "outcome": None}
    if isinstance(event, HelpOffered):
        row |= {"seconds": event.seconds, "asked_at": at - timedelta(seconds=event.seconds)}
    elif isinstance(event, HelpClosed):
        row |= {"seconds": event.seconds_to_first_offer, "outcome": event.outcome}
    return row


async def record_knowledge(conn: Connection, told: Sequence[KnowledgeUsed]) -> None:
    """Record how many have used what; the highest version of a month holds."""
    uses = newest(told, lambda use: (use.item_id, store.first_of_month(use.month)))
    await conn.execute(
        SQL.apply_knowledge, [{**use.model_dump(), "month": store.first_of_month(use.month)} for use in uses]
    )


async def record_form_answers(conn: Connection, batches: Sequence[FormAnswersReleased]) -> None:
    """Record answers to an organization's own questions as one mean a person, high being good."""
    kept = {"batch_id", "programme_id", "format", "division", "form_id", "form_version", "recommended"}
    rows = [
        {
            **batch.model_dump(include=kept),
            "month": store.first_of_month(batch.month),
            "means": [person_mean(answers, [item.reverse for item in batch.items]) for answers in batch.answers],
        }
        for batch in {batch.batch_id: batch for batch in batches}.values()
    ]
    await conn.execute(SQL.apply_form_answers, rows)


async def record_survey_items(conn: Connection, surveys: Sequence[SurveyPaired]) -> None:
    """Record, question by question, how answers before and after differ: sums over the pairs."""
    parts = {(survey.survey_id, survey.arm, survey.part): survey for survey in surveys}.values()
    rows = [row for survey in parts for row in _items(survey)]
    await conn.execute(SQL.apply_survey_items, rows)


def _items(survey: SurveyPaired) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for place, item in enumerate(survey.items):
        turned = (HIGHEST + 1, -1) if item.reverse else (0, 1)
        pairs = [(_good(pair.before[place], turned), _good(pair.after[place], turned)) for pair in survey.pairs]
        kept = [
            (_good(pair.after[place], turned), _good(pair.later[place], turned)) for pair in survey.pairs if pair.later
        ]
        changes = [after - before for before, after in pairs]
        lost = [later - after for after, later in kept]
        gains = [gain for before, after in pairs if (gain := normalised_gain(before, after, HIGHEST)) is not None]
        rows.append(
            {
                **survey.model_dump(include={"survey_id", "arm", "part", "programme_id"}),
                "code": item.code, "month": store.first_of_month(survey.released_on), "pairs": len(pairs),
                "change": sum(changes), "least_change": min(changes), "most_change": max(changes),
                "gaining": len(gains), "gain": sum(gains), "kept": len(kept),
                "kept_after": sum(after for after, _ in kept), "kept_later": sum(later for _, later in kept),
                "least_kept": min(lost, default=None), "most_kept": max(lost, default=None),
            }
        )  # fmt: skip
    return rows


def _good(score: int, turned: tuple[int, int]) -> int:
    """A score with high being good."""
    shift, sign = turned
    return shift + sign * score


async def record_facilitation(conn: Connection, batches: Sequence[FacilitationRated]) -> None:
    """Record what groups say of whoever leads them: one mean a person, summed."""
    rows: list[dict[str, Any]] = []
    for batch in {batch.batch_id: batch for batch in batches}.values():
        means = [fmean(answer.model_dump().values()) for answer in batch.answers]
        kept = {"batch_id": batch.batch_id, "programme_id": batch.programme_id, "month": batch.month.replace(day=1)}
        rows.append(kept | {"answers": len(means), "total": sum(means), "least": min(means), "most": max(means)})
    await conn.execute(store.FACTS.open_months, sorted({row["month"] for row in rows}))
    await conn.execute(SQL.apply_facilitation, rows)


async def record_acknowledgements(conn: Connection, told: Sequence[GroundRulesAcknowledged]) -> None:
    """Record who has accepted the ground rules of which group."""
    columns = zip(*((each.group_id, each.person_id, each.rules_version) for each in told), strict=True)
    await conn.execute(SQL.apply_acknowledgements, *map(list, columns))


async def change_time_budgets(conn: Connection, people: Sequence[PersonChanged]) -> None:
    """Write how much time people have agreed on with their managers."""
    latest = newest(people, lambda person: person.person_id)
    columns = zip(*((each.person_id, each.version, each.time_budget_minutes) for each in latest), strict=True)
    await conn.execute(SQL.apply_time_budgets, *map(list, columns))


async def count_barriers(conn: Connection, k: int = K) -> int:
    """Count anew what stood in the way, where k answers or more are news; returns how many cells that were."""
    months: defaultdict[date, dict[str, Record]] = defaultdict(dict)
    for row in await conn.fetch(SQL.barriers, BARRIERS):
        months[row["month"]][row["barrier"]] = row
    settled = []
    for month, found in months.items():
        stay = unsettled({barrier: row["changed"] for barrier, row in found.items()}, k)
        settled += [(month, barrier, row["answers"]) for barrier, row in found.items() if barrier not in stay]
    if settled:
        await conn.execute(SQL.store_barriers, *map(list, zip(*settled, strict=True)))
    return len(settled)
