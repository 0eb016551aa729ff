"""A read's answer as JSON straight from the row, for what is read most: its query names what may leave."""

from dataclasses import dataclass
from typing import Self

import orjson

from shared.db import Record, plain


@dataclass(frozen=True, slots=True)
class Rendered:
    """JSON that nobody need look at again. A test holds the query's columns to the declared model."""

    body: bytes
    version: int | None = None
    """Becomes the ETag."""
    next: str | None = None
    """Cursor of the page behind, for the Link header."""

    @classmethod
    def of(cls, row: Record, version: int | None = None) -> Self:
        """One row, its columns as members."""
        return cls(to_json(dict(row)), version)


def to_json(value: object) -> bytes:
    """JSON of plain values, dates, and UUIDs; times are UTC and end with Z."""
    return orjson.dumps(value, plain, orjson.OPT_UTC_Z)
