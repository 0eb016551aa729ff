"""Keyset pages: a cursor is the sort key of the last row, so a page costs the same wherever it lies."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import BaseModel, Field

from shared.db import Record
from shared.refusal import InvalidRequest
from shared.rendered import Rendered, to_json

T = TypeVar("T")
R = TypeVar("R")
Key: TypeAlias = UUID | datetime | date | str | int

DEFAULT_LIMIT = 50
Limit = Annotated[int, Field(ge=1, le=100, description="Items a page.")]
Cursor = Annotated[str, Field(max_length=1000, description="`next` of the page before; opaque.")]


class Page(BaseModel, Generic[T]):
    """Some items in order, and the cursor of the next page where there is one."""

    items: list[T]
    next: str | None = None


def encode_cursor(*key: Key) -> str:
    """The sort key of a row as an opaque string."""
    text = json.dumps([part if isinstance(part, int) else _text(part) for part in key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The sort key again, as values of `kinds`; None for the first page. Raises InvalidRequest naming `cursor`."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return tuple(_value(part, kind) for part, kind in zip(_list(json.loads(raw)), kinds, strict=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidRequest.naming("cursor", "is not one that was given out here") from None


def page(rows: Sequence[R], limit: int, make: Callable[[R], T], key: Callable[[R], tuple[Key, ...]]) -> Page[T]:
    """A page from `limit + 1` rows: the one too many only says that there are more."""
    shown = rows[:limit]
    following = encode_cursor(*key(shown[-1])) if len(rows) > limit else None
    return Page(items=[make(row) for row in shown], next=following)


def rendered(
    rows: Sequence[R], shown: Sequence[Record | Mapping[str, object]], limit: int, key: Callable[[R], tuple[Key, ...]]
) -> Rendered:
    """A page of what is `shown` of `limit + 1` rows, as JSON at once."""
    following = encode_cursor(*key(rows[limit - 1])) if len(rows) > limit else None
    return Rendered(to_json({"items": [dict(one) for one in shown], "next": following}), next=following)


def link_header(path: str, query: str, cursor: str) -> str:
    """RFC 8288: the same request with the next cursor, as a relative reference."""
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "cursor"]
    return f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


def _text(part: UUID | date | str) -> str:
    return part.isoformat() if isinstance(part, datetime) else str(part)


def _list(parts: object) -> list[object]:
    if not isinstance(parts, list):
        raise TypeError
    return parts


def _value(part: object, kind: type) -> Any:
    if kind is int:
        if isinstance(part, bool) or not isinstance(part, int) or not -(2**63) <= part < 2**63:
            raise TypeError
        return part
    if not isinstance(part, str) or "\0" in part:
        raise TypeError
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is date:
        return date.fromisoformat(part)
    return kind(part)
