"""Takes files of workers line by line: each is recorded or refused by itself, and a snapshot shows who is missing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.directory.commands.workers import take_records
from services.directory.domain.adapters import ADAPTERS, AdapterName, Parsed, parse
from services.directory.domain.history import place
from services.directory.domain.lines import Encoding, Form, Line
from services.directory.domain.manifest import Tally, disagreements
from services.directory.domain.refusals import FeedState, ReportingLineCycle, UnknownFeed
from services.directory.store import feeds as store
from services.directory.store import people as people_store
from services.directory.store import records as records_store
from services.directory.store.feeds import Feed
from services.directory.store.records import Told
from shared.db import Connection
from shared.events.hr import WorkerUpserted
from shared.refusal import InvalidRequest, Refused

AT_ONCE = 1000


async def begin(
    conn: Connection,
    source: str,
    adapter: AdapterName,
    form: Form,
    encoding: Encoding,
    *,
    snapshot: bool,
    defaults: Mapping[str, object],
    said_at: datetime,
    by: str,
    manifest: Mapping[str, object] | None = None,
) -> UUID:
    """Announce a file. `defaults` stand in for canonical fields that it lacks. Raises InvalidRequest.

    `manifest` may say its `rows` and its `sha256`.
    """
    if strange := sorted(defaults.keys() - WorkerUpserted.model_fields.keys()):
        raise InvalidRequest.naming("defaults", f"there is no field {', '.join(strange)}")
    feed_id = uuid4()
    said = dict(manifest) if manifest else None
    await store.insert(conn, feed_id, source, adapter, form, encoding, snapshot, dict(defaults), said_at, by, said)
    return feed_id


def read(job: Feed, lines: Sequence[Line]) -> list[Parsed]:
    """What the lines say: work for a thread, not for the event loop."""
    assert job.adapter in ADAPTERS
    return [parse(job.adapter, line, job.defaults, job.said_at.date(), job.sequence) for line in lines]


async def take_lines(conn: Connection, feed_id: UUID, parsed: Sequence[Parsed], now: datetime) -> Feed:
    """Take lines in order; those taken before are passed over. Raises UnknownFeed or FeedState."""
    job = await _locked(conn, feed_id, "open")
    fresh = [each for each in parsed if each.line > job.last_line]
    if not fresh:
        return job
    said = [each for each in fresh if each.record]
    standing = await store.standing(conn, [each.record for each in said if each.record]) if said else {}
    news = [each for at, each in enumerate(said) if each.record and standing.get(at) != _state(each.record)]
    refused = [each for each in fresh if each.refused]
    closing = await _take(conn, news, job.source, now)
    refused += [each for each in closing if not each.record]
    # Of two who swap places, the one who comes first closes a cycle until the other is taken.
    refused += await _take(conn, [each for each in closing if each.record], job.source, now)
    if job.snapshot:
        await store.see(conn, feed_id, sorted({each.employee_number for each in fresh if each.employee_number}))
    taken = len(fresh) - len(refused) - (len(said) - len(news))
    refused.sort(key=lambda each: each.line)
    await store.count(conn, job, fresh[-1].line, taken, len(said) - len(news), refused)
    return await _found(conn, feed_id)


async def finish(conn: Connection, feed_id: UUID, now: datetime, tally: Tally | None = None) -> Feed:
    """The file is read: a snapshot's missing workers wait for a confirmation. Raises UnknownFeed or FeedState.

    One that is not as its manifest says, or older than one that was reconciled, reports nobody as missing.
    Lines that closed a cycle are tried once more, a thousand at most: what they waited for may have come behind them.
    """
    job = await _locked(conn, feed_id, "open")
    if again := await store.to_try_again(conn, feed_id, AT_ONCE):
        refused = {each.line for each in await _take(conn, again, job.source, now)}
        await store.close_refusals(conn, feed_id, [each.line for each in again if each.line not in refused])
    newest = await store.newest_reconciled(conn, job.source) if job.snapshot else None
    missing = 0
    if found := disagreements(job.manifest, tally or Tally(), job.said_at, newest):
        await store.disagree(conn, feed_id, found)
    elif job.snapshot:
        missing = await store.find_missing(conn, job)
    await store.set_state(conn, feed_id, "read" if missing else "done")
    return await _found(conn, feed_id)


async def confirm(conn: Connection, feed_id: UUID, people: int) -> Feed:
    """Have the missing deactivated, by a timer. Raises UnknownFeed, FeedState, or InvalidRequest on another count."""
    job = await _locked(conn, feed_id, "read")
    if people != job.missing:
        raise InvalidRequest.naming("people", f"{job.missing} are missing")
    newest = await store.newest_reconciled(conn, job.source)
    if newest is not None and newest > job.said_at:
        # Whom that one names without news of them has no later record to show for it.
        raise FeedState("A later snapshot of this source has been read.", state=job.state)
    await store.set_state(conn, feed_id, "confirmed")
    return await _found(conn, feed_id)


async def deactivate_missing(conn: Connection, now: datetime) -> int:
    """Some of those whose leaving was confirmed leave; of whom HR has spoken since the file, that holds."""
    job = await store.lock_confirmed(conn)
    if job is None:
        return 0
    numbers = await store.next_missing(conn, job.feed_id, AT_ONCE)
    if not numbers:
        await store.set_state(conn, job.feed_id, "done")
        return 0
    await people_store.lock_chart(conn)
    known = await people_store.lock(conn, numbers)
    standing = await records_store.applied(conn, known.values())
    day = job.said_at.date()
    leaving = [
        record.model_copy(
            update={
                "status": "left",
                "effective_at": day,
                "sequence_number": job.sequence,
                "termination_date": min(record.termination_date or day, day),
            }
        )
        for record in standing.values()
        if record.status != "left" and place(record) < (day, job.sequence)
    ]
    await take_records(conn, [Told(record, job.source) for record in leaving], now, approved=True)
    left = {record.employee_number for record in leaving}
    await store.close_missing(
        conn, job.feed_id, {number: "deactivated" if number in left else "spoken of since" for number in numbers}
    )
    return len(numbers)


async def _take(conn: Connection, news: Sequence[Parsed], source: str, now: datetime) -> list[Parsed]:
    """Record them all at once, or in halves until what a rule refuses is alone.

    Returns the refused; one that closes a cycle keeps its record, for it may be taken later.
    """
    if not news:
        return []
    try:
        async with conn.transaction():
            await take_records(conn, [Told(each.record, source) for each in news if each.record], now)
    except Refused as refused:
        if len(news) == 1:
            record = news[0].record if isinstance(refused, ReportingLineCycle) else None
            return [news[0]._replace(record=record, refused=f"{type(refused).__name__}: {refused.detail}")]
        middle = len(news) // 2
        return [*await _take(conn, news[:middle], source, now), *await _take(conn, news[middle:], source, now)]
    return []


def _state(record: WorkerUpserted) -> dict[str, Any]:
    return record.model_dump(
        mode="json", by_alias=False, exclude_defaults=True, exclude={"effective_at", "sequence_number"}
    )


async def _locked(conn: Connection, feed_id: UUID, state: store.State) -> Feed:
    job = await store.lock(conn, feed_id)
    if job is None:
        raise UnknownFeed("There is no such feed.")
    if job.state != state:
        raise FeedState(f"The feed is {job.state}.", state=job.state)
    return job


async def _found(conn: Connection, feed_id: UUID) -> Feed:
    job = await store.get(conn, feed_id)
    assert job
    return job
