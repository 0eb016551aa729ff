"""Reads the files taxonomies come as: ESCO's CSV, O*NET's tables, and a plain CSV; a broken line costs itself alone."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from services.directory.domain.taxonomy import Entry
from shared.refusal import InvalidRequest

LONGEST_RECORD = 400
"""Physical lines; beyond that a quotation mark was never closed."""
OUT_OF_USE = frozenset({"obsolete", "deprecated"})
ONET = "https://www.onetcenter.org/content-model/"
Row = Mapping[str, str]


class Line(NamedTuple):
    """A record by the number of its first line: what it says, or why it says nothing."""

    number: int
    entry: Entry | None
    detail: str | None = None


class Format(NamedTuple):
    """A kind of file, known by its header."""

    name: str
    columns: frozenset[str]
    read: Callable[[Row], dict[str, Any]]


def _esco(row: Row) -> dict[str, Any]:
    return {
        "skill_id": row["conceptUri"],
        "label": row["preferredLabel"],
        "alternatives": _names(row, "altLabels", "hiddenLabels"),
        "deprecated": row.get("status", "").strip().lower() in OUT_OF_USE,
    }


def _relation(row: Row) -> dict[str, Any]:
    return {"skill_id": row["conceptUri"], "broader": [row["broaderUri"]]}


def _onet(row: Row) -> dict[str, Any]:
    code = row["Element ID"]
    parent = code.rpartition(".")[0]
    return {"skill_id": ONET + code, "label": row["Element Name"], "broader": [ONET + parent] if parent else []}


def _plain(row: Row) -> dict[str, Any]:
    return {
        "skill_id": row["id"],
        "label": row["label"],
        "broader": _names(row, "parent"),
        "alternatives": _names(row, "altLabels"),
    }


FORMATS = (
    Format("esco-relations", frozenset({"conceptUri", "broaderUri"}), _relation),
    Format("esco", frozenset({"conceptUri", "preferredLabel"}), _esco),
    Format("onet", frozenset({"Element ID", "Element Name"}), _onet),
    Format("csv", frozenset({"id", "label"}), _plain),
)


def read(content: bytes) -> tuple[str, list[Line]]:
    """The format's name and the records in order. Raises InvalidRequest when it is no such file at all."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest.naming("body", f"is not UTF-8 at byte {error.start}") from None
    lines = list(io.StringIO(text, newline=""))
    header, dialect = _header(lines)
    form = next((each for each in FORMATS if each.columns <= set(header)), None)
    if form is None:
        wanted = "; ".join(", ".join(sorted(each.columns)) for each in FORMATS)
        raise InvalidRequest.naming("body", f"has no header with one of these sets of columns: {wanted}")
    return form.name, list(_records(lines, header, dialect, form))


def _header(lines: Sequence[str]) -> tuple[list[str], str]:
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    return [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])], delimiter


def _records(lines: Sequence[str], header: list[str], delimiter: str, form: Format) -> Iterator[Line]:
    at = 1
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _end(lines, at)
        cells = next(csv.reader([*lines[at:end]], delimiter=delimiter)) if end else []
        if len(cells) == len(header) and end:
            yield _line(at + 1, dict(zip(header, cells, strict=True)), form)
            at = end
        else:
            # What a stray quotation mark has swallowed is read again from the next line on.
            why = f"has {len(cells)} columns, not {len(header)}" if end else "a quotation mark is never closed"
            yield Line(at + 1, None, why)
            at += 1


def _end(lines: Sequence[str], at: int) -> int:
    """Where the record that begins `at` ends; 0 when its quotation marks never do."""
    marks = 0
    for place in range(at, min(at + LONGEST_RECORD, len(lines))):
        marks += lines[place].count('"')
        if marks % 2 == 0:
            return place + 1
    return 0


def _line(number: int, row: Row, form: Format) -> Line:
    try:
        return Line(number, Entry.model_validate(form.read(row)))
    except ValidationError as error:
        return Line(number, None, reason(error))


def reason(error: ValidationError) -> str:
    """What is wrong, by field."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'line'}: {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )


def _names(row: Row, *columns: str) -> list[str] | None:
    """The names in columns that hold several, a line or a bar apart, each once; None where no such column is."""
    cells = [row[column] for column in columns if column in row]
    names = [name.strip() for cell in cells for line in cell.splitlines() for name in line.split("|")]
    return list(dict.fromkeys(name for name in names if name)) if cells else None
