"""Accounts, people, roles and units as SCIM searches them: each kind from its sources, as one ordered collection."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from scim2_models import InvalidCursorException, InvalidValueException, Resource, ScimFilter, SearchRequest

from services.directory.domain.account import ENTERPRISE
from services.directory.queries.scim_filter import Compiler, Parameters, order
from shared import sql
from shared.db import Connection, Record

SQL = sql.load("services.directory", "scim")
Kind: TypeAlias = Literal["User", "Group"]
FARTHEST = 2**53
"""Nobody is so far from the first, and JSON's readers count no farther."""
MEMBERSHIPS = """(
    SELECT jsonb_agg(jsonb_build_object('value', group_id)) FROM (
        SELECT group_id FROM group_members WHERE member_id = id
        UNION ALL SELECT md5('unit:' || code)::uuid FROM units JOIN people ON unit_code = code WHERE person_id = id
    ) AS its
)"""
ROLE_MEMBERS = """(
    SELECT jsonb_agg(jsonb_build_object('value', member_id, 'type', kind)) FROM group_members WHERE group_id = id
)"""
UNIT_MEMBERS = """(
    SELECT jsonb_agg(jsonb_build_object('value', person_id, 'type', 'User'))
    FROM people WHERE unit_code = external_id AND status <> 'left'
)"""
META = {"meta.created": "created_at", "meta.lastModified": "changed_at", "meta.version": "tag", "id": "id::text"}
USER_COLUMNS = {
    **META,
    "meta.resourceType": "'User'",
    "userName": "user_name",
    "externalId": "external_id",
    "displayName": "display_name",
    "active": "active",
    f"{ENTERPRISE}.employeeNumber": "employee_number",
    "groups[]": MEMBERSHIPS,
    "groups.value": (
        "(id IN (SELECT member_id FROM group_members WHERE group_id = {0}"
        " UNION ALL SELECT person_id FROM people JOIN units ON code = unit_code"
        " WHERE md5('unit:' || code)::uuid = {0}))"
    ),
}
GROUP_COLUMNS = {
    **META,
    "meta.resourceType": "'Group'",
    "displayName": "display_name",
    "externalId": "external_id",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind, and how their attributes are read."""

    kind: Kind
    rows: str
    columns: Mapping[str, str]


SOURCES = (
    Source("User", SQL.accounts, {**USER_COLUMNS, "emails": "(emails @> ARRAY[lower({0}::text)])"}),
    Source("User", SQL.people, {**USER_COLUMNS, "emails": """(lower(user_name) COLLATE "C" = lower({0}::text))"""}),
    Source(
        "Group",
        SQL.roles,
        {
            **GROUP_COLUMNS,
            "members[]": ROLE_MEMBERS,
            "members.value": "(id IN (SELECT group_id FROM group_members WHERE member_id = {0}))",
        },
    ),
    Source(
        "Group",
        SQL.units,
        {
            **GROUP_COLUMNS,
            "members[]": UNIT_MEMBERS,
            "members.value": (
                "(external_id IN (SELECT unit_code FROM people WHERE person_id = {0} AND status <> 'left'))"
            ),
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A page: what was found in order, and the places before and after it where there are more."""

    total: int | None
    rows: list[Record]
    next: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None


class Search:
    """One search over the sources of some kinds, as statements with their values."""

    def __init__(self, models: Mapping[Kind, type[Resource[Any]]], request: SearchRequest[Any]) -> None:
        self.parameters = Parameters()
        self._parts: list[tuple[Source, str, str]] = []
        for source in SOURCES:
            if source.kind in models:
                model = models[source.kind]
                where, key = self._where(source, model, request), order(request.sort_binding(model), source.columns)
                self._parts.append((source, where, key))

    def count(self) -> str:
        """How many there are in all."""
        counts = (f"(SELECT count(*) FROM ({source.rows}) AS one WHERE {where})" for source, where, _ in self._parts)
        return "SELECT " + " + ".join(counts)

    def page(self, *, backward: bool, limit: int | None, offset: int, after: str = "true") -> str:
        """Ids and keys in order, from one end or the other; `after` says where to begin."""
        direction = "DESC NULLS FIRST" if backward else "ASC NULLS LAST"
        way = f"ORDER BY key {direction}, id {'DESC' if backward else 'ASC'}"
        # Without an order of its own, by id: a constant key would keep the primary key from serving.
        keyed = any(key != "NULL::text" for _, _, key in self._parts)
        way = way if keyed else f"ORDER BY id {'DESC' if backward else 'ASC'}"
        most = "" if limit is None else f" LIMIT {limit + offset}"
        parts = (
            f"(SELECT * FROM (SELECT id, {key} AS key FROM ({source.rows}) AS one WHERE {where})"
            f" AS keyed WHERE {after} {way}{most})"
            for source, where, key in self._parts
        )
        bounds = f"{'' if limit is None else f' LIMIT {limit}'} OFFSET {offset}"
        return f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS found {way}{bounds}"

    def _where(self, source: Source, model: type[Resource[Any]], request: SearchRequest[Any]) -> str:
        if request.filter is None:
            return "true"
        bound: ScimFilter[Any] = ScimFilter[model](str(request.filter))  # type: ignore[valid-type]
        return Compiler(bound, source.columns, self.parameters).visit(bound.ast)


async def search(
    conn: Connection, models: Mapping[Kind, type[Resource[Any]]], request: SearchRequest[Any], position: Any
) -> Found:
    """One page, by index with the number of all, or by cursor without."""
    if (request.start_index or 0) > FARTHEST:
        raise InvalidValueException(detail=f"startIndex is at most {FARTHEST}")
    query = Search(models, request)
    descending = request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending
    if request.cursor is None:
        total = int(await conn.fetchval(query.count(), *query.parameters.values))
        if request.count == 0:
            return Found(total, [])
        statement = query.page(
            backward=descending, limit=request.count, offset=min(request.start_index_0 or 0, FARTHEST)
        )
        return Found(total, list(await conn.fetch(statement, *query.parameters.values)))
    if request.count == 0:
        return Found(None, [])
    return await _by_cursor(conn, models, request, position, descending=descending)


async def _by_cursor(
    conn: Connection,
    models: Mapping[Kind, type[Resource[Any]]],
    request: SearchRequest[Any],
    position: Any,
    *,
    descending: bool,
) -> Found:
    forward, place = (True, None) if position is None else _read(position)
    rows = await _beside(conn, models, request, place, backward=descending == forward, limit=request.count)
    more = request.count is not None and len(rows) > request.count
    rows = rows[: request.count]
    if not forward:
        rows.reverse()
    if not rows:
        return Found(None, [])
    before, behind = _place(rows[0]), _place(rows[-1])
    if forward:
        has_next = more
        has_previous = position is not None and bool(
            await _beside(conn, models, request, before, backward=not descending, limit=0)
        )
    else:
        has_previous = more
        has_next = bool(await _beside(conn, models, request, behind, backward=descending, limit=0))
    return Found(
        None,
        rows,
        _position("next", behind) if has_next else None,
        _position("previous", before) if has_previous else None,
    )


async def _beside(
    conn: Connection,
    models: Mapping[Kind, type[Resource[Any]]],
    request: SearchRequest[Any],
    place: tuple[Any, UUID] | None,
    *,
    backward: bool,
    limit: int | None,
) -> list[Record]:
    """One more than `limit` rows on one side of a place."""
    query = Search(models, request)
    after = "true" if place is None else _beyond(query.parameters, place, backward=backward)
    statement = query.page(backward=backward, limit=None if limit is None else limit + 1, offset=0, after=after)
    return list(await conn.fetch(statement, *query.parameters.values))


def _beyond(parameters: Parameters, place: tuple[Any, UUID], *, backward: bool) -> str:
    """Rows behind a place where missing keys are the last, or before it."""
    key, last = place
    sign, row = "<" if backward else ">", parameters.add(last)
    if key is None:
        same = f"(key IS NULL AND id {sign} {row})"
        return f"({same} OR key IS NOT NULL)" if backward else same
    at = parameters.add(key)
    beyond = f"(key {sign} {at} OR (key = {at} AND id {sign} {row}))"
    return beyond if backward else f"({beyond} OR key IS NULL)"


async def resources(conn: Connection, ids: Sequence[UUID], kinds: Iterable[Kind]) -> dict[UUID, Record]:
    """The whole rows of these ids."""
    found: dict[UUID, Record] = {}
    for source in SOURCES:
        if source.kind in kinds and len(found) < len(ids):
            statement = f"SELECT *, '{source.kind}' AS kind FROM ({source.rows}) AS one WHERE id = ANY ($1::uuid[])"
            found |= {row["id"]: row for row in await conn.fetch(statement, ids)}
    return found


async def members(conn: Connection, group_ids: Sequence[UUID]) -> dict[UUID, list[Record]]:
    """Whom each group holds."""
    return _by(await conn.fetch(SQL.members, group_ids), "group_id")


async def memberships(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Record]]:
    """Which groups hold each of these."""
    return _by(await conn.fetch(SQL.memberships, ids), "member_id")


def _by(rows: Sequence[Record], name: str) -> dict[UUID, list[Record]]:
    grouped: dict[UUID, list[Record]] = defaultdict(list)
    for row in rows:
        grouped[row[name]].append(row)
    return grouped


def _place(row: Record) -> tuple[Any, UUID]:
    return row["key"], row["id"]


def _position(direction: str, place: tuple[Any, UUID]) -> dict[str, Any]:
    key, last = place
    return {"d": direction, "k": {"at": key.isoformat()} if isinstance(key, datetime) else key, "i": str(last)}


def _read(position: Any) -> tuple[bool, tuple[Any, UUID]]:
    try:
        key, forward = position["k"], {"next": True, "previous": False}[position["d"]]
        return forward, (datetime.fromisoformat(key["at"]) if isinstance(key, dict) else key, UUID(position["i"]))
    except (KeyError, TypeError, ValueError):
        raise InvalidCursorException from None
