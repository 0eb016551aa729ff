"""What is asked after sessions: sums and lists without a name, each batch once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.metrics import store
from services.metrics.domain.facilitation import person_mean
from services.metrics.domain.latest import newest
from services.metrics.domain.learning import LEARNED
from shared.db import Connection
from shared.events.follow_up import CheckInsReleased, PulseReleased, ResponsesCounted, SurveyPaired


async def record_check_ins(conn: Connection, batches: Sequence[CheckInsReleased]) -> None:
    """Record what became of sessions."""
    rows = []
    for batch in {batch.batch_id: batch for batch in batches}.values():
        saved = [answer.minutes_saved for answer in batch.answers if answer.minutes_saved is not None]
        row = {
            **batch.model_dump(include={"batch_id", "programme_id", "format", "division", "day"}),
            "month": store.first_of_month(batch.month),
            "answers": len(batch.answers),
            "applied": sum(answer.applied > 0 for answer in batch.answers),
            "depth": sum(answer.frequency * answer.effect for answer in batch.answers),
            "first_use_days": [answer.first_use_days for answer in batch.answers],
            "barriers": Counter(answer.barrier for answer in batch.answers if answer.barrier),
            "saving": len(saved),
            "minutes_saved": sum(saved),
            "least_saved": min(saved, default=None),
            "most_saved": max(saved, default=None),
        }
        rows.append(row)
    await _store(conn, store.FACTS.apply_check_ins, rows)


async def record_pulses(conn: Connection, batches: Sequence[PulseReleased]) -> None:
    """Record pulses as one mean a person, high being good."""
    rows = [
        {
            **batch.model_dump(include={"batch_id", "programme_id", "division", "theme"}),
            "month": store.first_of_month(batch.month),
            "means": [person_mean(answers, [item.reverse for item in batch.items]) for answers in batch.answers],
        }
        for batch in {batch.batch_id: batch for batch in batches}.values()
    ]
    await _store(conn, store.FACTS.apply_pulses, rows)


async def record_surveys(conn: Connection, surveys: Sequence[SurveyPaired]) -> None:
    """Record pairs of answers before and after about what people do, each pair as two means.

    What they know is no behaviour: it is kept question by question, elsewhere.
    """
    rows: list[dict[str, Any]] = []
    opened: list[date] = []
    closed: list[date] = []
    for survey in {(survey.survey_id, survey.arm, survey.part): survey for survey in surveys}.values():
        opened.append(store.first_of_month(survey.opened_on or survey.released_on))
        closed.append(store.first_of_month(survey.released_on))
        asked = [place for place, item in enumerate(survey.items) if item.code not in LEARNED]
        if not asked:
            continue
        reverse = [survey.items[place].reverse for place in asked]
        rows.append(
            {
                **survey.model_dump(include={"survey_id", "arm", "part", "programme_id", "asked", "before", "after"}),
                "month": closed[-1],
                "means_before": [
                    person_mean([pair.before[place] for place in asked], reverse) for pair in survey.pairs
                ],
                "means_after": [person_mean([pair.after[place] for place in asked], reverse) for pair in survey.pairs],
            }
        )
    await conn.execute(store.FACTS.open_months, [*opened, *closed])
    await _store(conn, store.FACTS.apply_surveys, rows)
    await conn.execute(store.FACTS.keep_thresholds, opened, closed)


async def record_responses(conn: Connection, counts: Sequence[ResponsesCounted]) -> None:
    """Record how many were asked and have answered; the highest count holds."""
    counted = newest(counts, lambda count: (count.programme_id, count.kind, store.first_of_month(count.month)))
    rows = [{**count.model_dump(), "month": store.first_of_month(count.month)} for count in counted]
    await _store(conn, store.FACTS.apply_responses, rows)


async def _store(conn: Connection, query: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows; months that nothing was known of before take the k that is set."""
    await conn.execute(store.FACTS.open_months, sorted({row["month"] for row in rows}))
    await conn.execute(query, rows)
