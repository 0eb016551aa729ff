"""Rows of published cells as files: CSV that no spreadsheet takes for a formula, JSON Lines, Parquet."""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import pyarrow as pa
from pyarrow import parquet

Format = Literal["csv", "jsonl", "parquet"]
Row = dict[str, Any]
MEDIA_TYPES: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
TEXTS = ("measure", "definition_version", "by", "group", "label", "reason", "note")
COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("as_of", pa.timestamp("s", "UTC")),
        ("value", pa.float64()),
        ("half_interval", pa.float64()),
        ("n", pa.int64()),
        ("denominator", pa.int64()),
        ("suppressed", pa.bool_()),
    ]
)
FORMULA = re.compile(r"(^|[;\t\r\n])(\s*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet takes what follows for a formula (OWASP, CSV injection); some part cells at semicolons."""


def encode(rows: Sequence[Row], form: Format) -> bytes:
    """The whole file."""
    if form == "csv":
        return _csv(rows)
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False, default=_moment) + "\n" for row in rows).encode()
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=COLUMNS), sink)
    return sink.getvalue()


def harmless(value: object) -> object:
    """Text that would be a formula gets an apostrophe before it; numbers are numbers."""
    if isinstance(value, date):
        return _moment(value)
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value


def _moment(value: date) -> str:
    """A day, or a moment in UTC."""
    return value.isoformat()


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS.names)
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()
