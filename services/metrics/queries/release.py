"""The one door numbers leave by: every tally passes confidentiality here, for the API and the page alike."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.metrics import confidentiality
from services.metrics.confidentiality import Few, Reason, audiences
from services.metrics.domain import apart, evenness
from services.metrics.domain.measure import Measure
from services.metrics.domain.measures import COUNTED
from services.metrics.queries import published, shown
from services.metrics.queries.kept import Kept
from services.metrics.queries.scope import Scope, Window
from services.metrics.queries.shown import Edition, Shown
from services.metrics.queries.tallies import PLAN_EACH_TIME, Tally, count
from shared import sql
from shared.db import Connection
from shared.telemetry import SUPPRESSED

SQL = sql.load("services.metrics", "dimensions")
STAFF = COUNTED["participation_rate"]
FACTS = frozenset(
    {
        "participation",
        "attendance",
        "presence",
        "places",
        "reach",
        "sessions",
        "evenness",
        "engagement",
        "rules",
        "agility",
        "response",
        *shown.OF_MATCHES,
        *shown.OF_HOSTS,
        *shown.OF_NEWCOMERS,
    }
)
"""Families that rest on what single people did."""
STORED = FACTS | shown.OF_PARTS
"""Families that are stored as shown, and renewed when k people's facts have changed, or answers have come."""
SHARES = frozenset({"repeat_rate", "retention", "reciprocity"})
"""Shares of those who came: those they count, and those they do not, are nobody or k at least."""
WAITING = "Not counted yet: months of this size are counted in the background. Ask again in a few minutes."

NOT_YET = "Newcomers count when a whole month of them has been here so long."


@dataclass(frozen=True)
class Cell:
    """One value as it may be shown: a hidden one carries a reason and no number at all."""

    group: str
    value: float | None
    n: int | None
    denominator: int | None
    window: Window
    suppressed: bool
    reason: str | None
    as_of: datetime
    label: str = ""
    half_interval: float | None = None
    note: str | None = None
    """What a reader has to know of the number."""


class Release:
    """Reads of one request; what they share is counted once."""

    def __init__(self, conn: Connection, k: int, kept: Kept | None = None) -> None:
        self._conn = conn
        self._set_k = k
        self._kept = kept
        self._counted: dict[tuple[str, Scope], list[Tally]] = {}
        self._view = shown.View()
        self._large: dict[Window, bool] = {}
        self._ready: dict[tuple[str, str], Edition] = {}
        self._planned = False
        self._as_of = datetime.now(UTC)

    async def prepare(self, asked: Iterable[tuple[Measure, Scope]]) -> None:
        """Look up a page's tables together, and count those that have changed on one view of the store."""
        told = ((measure, self._settled(measure, scope)) for measure, scope in asked)
        tables = [
            (measure, scope)
            for measure, scope in dict.fromkeys(told)
            if scope.window.months and not await self._why_not(measure, scope)
        ]
        large = [(measure, scope) for measure, scope in tables if await self._is_large(scope.window)]
        await published.want(self._conn, large)
        stored = await shown.editions(self._conn, tables)
        self._ready |= {key: stored[key] for measure, scope in large if (key := (measure.name, scope.key)) in stored}
        changed: dict[tuple[object, ...], bool] = {}
        due = []
        for measure, scope in tables:
            if measure.family not in STORED or self._large[scope.window]:
                continue
            found = stored.get((measure.name, scope.key))
            rests = shown.rests_until(measure, scope), measure.name if measure.family in shown.OF_PARTS else ""
            seen = (scope.window, *rests, found.seen if found else "")
            if found and seen not in changed:
                changed[seen] = await shown.has_changed(self._conn, scope, found.seen, measure)
            if found and not changed[seen]:
                self._ready[measure.name, scope.key] = found
            else:
                due.append((measure, scope))
        if due:
            async with shown.renewing(self._conn, *{measure.name: measure for measure, _ in due}.values()) as view:
                self.expect(due)
                for measure, scope in due:
                    self._ready[measure.name, scope.key] = await self.renew(measure, scope, view)

    async def cells(self, measure: Measure, scope: Scope) -> list[Cell]:
        """All cells of a scope. One hidden cell stands for the whole when the selection itself may not be shown."""
        scope = self._settled(measure, scope)
        if why := await self._why_not(measure, scope):
            return [Cell("", None, None, None, scope.window, suppressed=False, reason=why, as_of=self._as_of)]
        if not scope.window.months:
            nothing = Cell("", None, 0, 0, scope.window, suppressed=False, reason=NOT_YET, as_of=self._as_of)
            return [nothing] if scope.by == "none" else []
        if found := self._ready.get((measure.name, scope.key)):
            pass
        elif await self._is_large(scope.window):
            await published.want(self._conn, [(measure, scope)])
            found = await shown.edition(self._conn, measure, scope)
            if found is None:
                waiting = Cell("", None, None, None, scope.window, suppressed=False, reason=WAITING, as_of=self._as_of)
                return [waiting]
        elif measure.family in STORED:
            found = await shown.edition(self._conn, measure, scope)
            if found is None or await shown.has_changed(self._conn, scope, found.seen, measure):
                async with shown.renewing(self._conn, measure) as seen:
                    self.expect()
                    found = await self.renew(measure, scope, seen)
        else:
            k = await shown.threshold(self._conn, scope, self._set_k)
            found = Edition("", k, self._as_of, await self._judge(measure, scope, k))
        return [self._cell(cell, measure, scope, found.k) for cell in found.cells.values()]

    async def renew(self, measure: Measure, scope: Scope, seen: str) -> Edition:
        """Count again what `seen` shows; where too few people's facts have changed, the number shown before stays.

        What several tables rest on is counted once: all of one view of the store.
        """
        before = await shown.edition(self._conn, measure, scope)
        stored = measure.family in STORED
        if (
            before
            and stored
            and not (before.seen != seen and await shown.has_changed(self._conn, scope, before.seen, measure))
        ):
            return before
        k = await shown.threshold(self._conn, scope, self._set_k)
        old: dict[str, Shown] = {}
        stay: set[str] = set()
        if before and stored:
            changed = await shown.changed_people(self._conn, measure, scope, before)
            stay = confidentiality.unsettled(changed, k)
            old = {name: cell for name, cell in before.cells.items() if not cell.reason}
        cells = await self._judge(measure, scope, k, seen, stay & old.keys())
        cells |= {
            name: old[name]
            for name in old.keys() & cells.keys()
            if cells[name].reason == "overlap" or (name in stay and not cells[name].reason)
        }
        edition = Edition(seen, k, self._as_of, cells)
        await shown.store(self._conn, measure, scope, edition)
        return edition

    def _settled(self, measure: Measure, scope: Scope) -> Scope:
        return shown.settled(measure, scope, self._as_of.date())

    def expect(self, tables: Sequence[tuple[Measure, Scope]] = ()) -> None:
        """Tables that will be renewed on one view of the store; what was counted before belongs to another one."""
        self._counted.clear()
        self._view = shown.View(tables, self._kept)

    async def _why_not(self, measure: Measure, scope: Scope) -> str | None:
        path: list[str] = await self._conn.fetchval(SQL.unit_path, scope.unit) or [] if scope.unit else []
        of_programme = bool(scope.programme_id or scope.format)
        return apart.why_not(measure, scope.by, len(path), of_programme=of_programme)

    async def _is_large(self, window: Window) -> bool:
        if window not in self._large:
            self._large[window] = await published.is_large(self._conn, window)
        return self._large[window]

    async def _judge(
        self, measure: Measure, scope: Scope, k: int, seen: str = "", stay: Collection[str] = ()
    ) -> dict[str, Shown]:
        """Every cell with its value, or with the reason why it has none; those that `stay` are shown as they were."""
        if not await self._admits(measure, scope, k):
            return {"": Shown("", None, None, None, None, 0, "filter", self._as_of, seen)}
        tallies = await self._count(measure, scope)
        if not tallies and scope.by == "none":
            tallies = [Tally("", None if measure.denominator_counts else 0.0, 0, 0, None)]
        sizes = {tally.cell: tally.size for tally in tallies}
        if measure.family in FACTS and (few := await self._too_few_staff(measure, scope, k)):
            # One person or nobody: whether there is anything to hide must not be seen either.
            tallies += [Tally(cell, None, 0, 0) for cell in few - sizes.keys()]
            sizes |= dict.fromkeys(few, 1)
        hidden: dict[str, Reason] = confidentiality.hide(sizes, k)
        if measure.family in shown.STAFF:
            beside: dict[str, Reason] = dict.fromkeys(await self._beside_few(scope, k) & sizes.keys(), "complement")
            hidden = beside | hidden
        if measure.answers:
            hidden |= {tally.cell: "alike" for tally in tallies if tally.alike and tally.cell not in hidden}
        if measure.family in STORED:
            open_cells = [tally.cell for tally in tallies if tally.persons and tally.cell not in {*hidden, *stay}]
            hidden |= dict.fromkeys(await self._within_reach(measure, scope, k, open_cells, seen), "overlap")
        return {tally.cell: self._shown(tally, measure, hidden.get(tally.cell), seen) for tally in tallies}

    async def _too_few_staff(self, measure: Measure, scope: Scope, k: int) -> set[str]:
        """The units, programmes or formats of this table in which fewer than k people could have come at all."""
        if scope.by != "unit" and (scope.by not in {"programme", "format"} or measure.family not in FACTS):
            return set()
        return {tally.cell for tally in await self._count(STAFF, scope) if tally.persons < k}

    async def _beside_few(self, scope: Scope, k: int) -> set[str]:
        """The cells whose audience and a unit differ by fewer than k people: one leaves these over of the other."""
        told = await shown.audiences(self._conn, scope)
        if scope.by == "unit":
            return audiences.units_beside_few(told, k)
        cells = audiences.beside_few(told, k)
        return {f"{month:%Y-%m}" for month in scope.window.all_months} if scope.by == "month" and cells else cells

    async def _within_reach(self, measure: Measure, scope: Scope, k: int, cells: list[str], seen: str) -> set[str]:
        paths = {row["code"]: row["path"] for row in await self._conn.fetch(SQL.unit_paths)}
        if not cells:
            return set()
        return await shown.out_of_reach(self._conn, measure, scope, k, cells, seen, paths, self._view)

    async def _admits(self, measure: Measure, scope: Scope, k: int) -> bool:
        """Whether every filter picks a cell that the table without it shows, and leaves over nobody or many."""
        path: list[str] = await self._conn.fetchval(SQL.unit_path, scope.unit) or [] if scope.unit else []
        for parent, cell in scope.parents(path):
            tallies = await self._count(measure, parent)
            whole = await self._persons(measure, parent)
            selected = next((tally.persons for tally in tallies if tally.cell == cell), 0)
            few = await self._too_few_staff(measure, parent, k)
            if cell in few:
                return False
            # As the table without the filter hides: what it hides beside the few, a filter would tell them by.
            sizes = {tally.cell: tally.size for tally in tallies} | dict.fromkeys(
                few if measure.family in FACTS else (), 1
            )
            if selected and (
                cell in confidentiality.hide(sizes, k) or not confidentiality.allowed(selected, whole - selected, k)
            ):
                return False
            if not await self._admits(measure, parent, k):
                return False
        return True

    async def _persons(self, measure: Measure, scope: Scope) -> int:
        """Distinct people of a whole selection."""
        everybody = Scope(scope.window, "none", scope.programme_id, scope.unit, scope.format)
        return sum(tally.persons for tally in await self._count(measure, everybody))

    async def _count(self, measure: Measure, scope: Scope) -> list[Tally]:
        key = (measure.name, scope)
        if not self._planned:
            await self._conn.execute(PLAN_EACH_TIME)
            self._planned = True
        if key not in self._counted:
            self._counted[key] = sorted(await count(self._conn, measure, scope), key=lambda tally: tally.cell)
        return self._counted[key]

    def _shown(self, tally: Tally, measure: Measure, hidden: Reason | None, seen: str) -> Shown:
        if hidden:
            return Shown(tally.cell, None, None, None, None, 0, hidden, self._as_of, seen)
        value, spread = measure.rounded(tally.value), measure.rounded(tally.half_interval)
        told = value, spread, tally.n, tally.denominator, tally.persons
        return Shown(tally.cell, *told, None, self._as_of, seen, tally.note)

    def _cell(self, cell: Shown, measure: Measure, scope: Scope, k: int) -> Cell:
        reason = None
        format_code = cell.cell if scope.by == "format" else scope.format
        note = cell.note
        if measure.name == "evenness" and format_code and cell.value is not None:
            note = evenness.note(format_code, cell.value)
        if cell.reason:
            SUPPRESSED.labels(cell.reason).inc()
            reason = confidentiality.explain(cell.reason, k, _few(measure))  # type: ignore[arg-type]
        return Cell(
            cell.cell,
            cell.value,
            cell.n,
            cell.denominator,
            scope.window,
            suppressed=reason is not None,
            reason=reason,
            as_of=cell.as_of,
            half_interval=cell.half_interval,
            note=note,
        )


def _few(measure: Measure) -> Few:
    """Who may be too few for a number of this measure."""
    if measure.name.endswith("_p90"):
        return "beyond"
    if measure.name == "top_share":
        return "most"
    if measure.name == "on_time_start":
        return "leaders"
    if measure.name in SHARES:
        return "did"
    if measure.family == "facilitation":
        return "led"
    return "came" if measure.family in shown.STAFF else "people"
