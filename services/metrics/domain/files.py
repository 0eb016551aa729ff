"""Rows of published cells as files: CSV that no spreadsheet takes for a formula, JSON Lines, Parquet."""

import csv
import io
import json
from collections.abc import Sequence
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
TEXTS = ("measure", "definition_version", "by", "group", "label", "window_start", "window_end", "reason", "as_of")
COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        ("value", pa.float64()),
        ("n", pa.int64()),
        ("denominator", pa.int64()),
        ("suppressed", pa.bool_()),
    ]
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def encode(rows: Sequence[Row], form: Format) -> bytes:
    """The whole file."""
    if form == "csv":
        return _csv(rows)
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=COLUMNS), sink)
    return sink.getvalue()


def harmless(value: object) -> object:
    """Text that would be a formula gets an apostrophe before it; numbers are numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS.names)
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()
