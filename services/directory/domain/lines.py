"""Reads CSV and JSON Lines from bytes as they come: one record at a time, and a broken one never hides the next."""

import codecs
import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from services.directory.domain.gzipped import Unpacker
from services.directory.domain.refusals import UnreadableFile
from shared.refusal import with_nul

Form = Literal["csv", "jsonl"]
Encoding = Literal["utf-8", "utf-16", "cp1252", "latin-1"]
LONGEST = 256 * 1024
MOST_LINES = 50
"""A quoted field may go over line ends, but not over more than these: then its quote is the mistake."""
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS = ",;\t|"
ESCAPED_NUL = r"\u0000"
MOST_NAMED = 5
TOO_LONG = f"is longer than {LONGEST} characters"
Check: TypeAlias = Callable[[Sequence[str]], None]
"""Raises UnreadableFile for a header that names nothing of use."""


class Line(NamedTuple):
    """A record under the number of its first line, from 1: its fields, and what is wrong with it."""

    number: int
    fields: Mapping[str, object] | None
    broken: str | None = None


class Reader:
    """Fed with bytes, plain or packed by gzip; gives records. Holds no more than one of them."""

    def __init__(self, form: Form, encoding: Encoding = "utf-8", check: Check | None = None) -> None:
        self._unpacker = Unpacker()
        self._encoding = encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._first = b""
        self._text = ""
        self._number = 0
        self._too_long = False
        self._parser: _Csv | _JsonLines = _Csv(check) if form == "csv" else _JsonLines()

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The records that end in this chunk. Raises UnreadableFile for a header nobody can use, or broken gzip."""
        for piece in self._unpacker.feed(chunk):
            yield from self._take(self._decode(piece))

    def finish(self) -> Iterator[Line]:
        """What is left at the end of the file. Raises UnreadableFile where it has no header, or is cut off."""
        yield from self._take(self._decode(self._unpacker.finish(), final=True) + "\n")
        yield from self._parser.finish()

    def _decode(self, chunk: bytes, *, final: bool = False) -> str:
        if self._decoder is None:
            self._first += chunk
            if len(self._first) < 3 and not final:  # noqa: PLR2004 - the longest mark
                return ""
            found = next((name for mark, name in MARKS.items() if self._first.startswith(mark)), self._encoding)
            found = "utf-16-le" if found == "utf-16" and not self._first.startswith(UTF_16) else found
            errors = "replace" if found.startswith("utf-16") else "surrogateescape"
            self._decoder, chunk = codecs.getincrementaldecoder(found)(errors), self._first
        return self._decoder.decode(chunk, final)

    def _take(self, text: str) -> Iterator[Line]:
        *whole, self._text = (self._text + text).split("\n")
        for line in whole:
            self._number += 1
            if self._too_long or len(line) > LONGEST:
                self._too_long = False
                yield self._parser.broken(self._number, TOO_LONG)
            else:
                yield from self._parser.line(self._number, line.removesuffix("\r"))
        if len(self._text) > LONGEST:
            self._too_long, self._text = True, ""


class _JsonLines:
    """An object a line."""

    def line(self, number: int, text: str) -> Iterator[Line]:
        if not text.strip():
            return
        if reason := _unreadable(text):
            yield self.broken(number, reason)
            return
        try:
            fields = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        except RecursionError:
            yield Line(number, None, "is nested too deeply")
        except ValueError as error:
            yield Line(number, None, f"is not JSON: {error}")
        else:
            if not isinstance(fields, dict):
                yield self.broken(number, "is not a JSON object")
            else:
                yield Line(number, fields, _nul(fields) if ESCAPED_NUL in text else None)

    def broken(self, number: int, reason: str) -> Line:
        return Line(number, None, reason)

    def finish(self) -> Iterator[Line]:
        return iter(())


class _Csv:
    """RFC 4180 under a header; the delimiter is the header's."""

    def __init__(self, check: Check | None) -> None:
        self._check = check
        self._header: list[str] | None = None
        self._delimiter = ","
        self._open: list[tuple[int, str]] = []

    def line(self, number: int, text: str) -> Iterator[Line]:
        waiting = deque([(number, text)])
        while waiting:
            here = waiting.popleft()
            if not self._open and not here[1].strip():
                continue
            self._open.append(here)
            if sum(part.count('"') for _, part in self._open) % 2 == 0:
                yield from self._record(self._open)
                self._open = []
            elif len(self._open) > MOST_LINES or sum(len(part) for _, part in self._open) > LONGEST:
                yield from self._give_up(waiting)

    def finish(self) -> Iterator[Line]:
        while self._open:
            waiting: deque[tuple[int, str]] = deque()
            yield from self._give_up(waiting)
            for number, text in waiting:
                yield from self.line(number, text)
        if self._header is None:
            raise UnreadableFile("The file has no header.")

    def broken(self, number: int, reason: str) -> Line:
        """A broken record; behind a broken header no record means anything."""
        if self._header is None:
            raise UnreadableFile(f"The header {reason}.")
        return Line(number, None, reason)

    def _give_up(self, waiting: deque[tuple[int, str]]) -> Iterator[Line]:
        """The quote of the first line never ends: what follows is read anew."""
        (number, _), *rest = self._open
        waiting.extendleft(reversed(rest))
        self._open = []
        yield self.broken(number, "has a quote that does not end")

    def _record(self, lines: list[tuple[int, str]]) -> Iterator[Line]:
        number, text = lines[0][0], "\n".join(part for _, part in lines)
        if reason := _unreadable(text):
            yield self.broken(number, reason)
            return
        if self._header is None:
            if "\0" in text:
                raise UnreadableFile("The header holds a NUL character.")
            self._header = self._read_header(text)
            return
        try:
            values = self._fields(text)
        except csv.Error as error:
            yield Line(number, None, f"is not CSV: {error}")
            return
        if len(values) == len(self._header):
            fields = dict(zip(self._header, values, strict=True))
            yield Line(number, fields, _nul(fields) if "\0" in text else None)
        else:
            yield Line(number, None, f"has {len(values)} fields where the header has {len(self._header)}")

    def _read_header(self, text: str) -> list[str]:
        self._delimiter = max(DELIMITERS, key=text.count)
        try:
            names = [name.strip() for name in self._fields(text)]
        except csv.Error as error:
            raise UnreadableFile(f"The header is not CSV: {error}.") from error
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UnreadableFile(f"The header names twice: {', '.join(twice)}.")
        if self._check:
            self._check(names)
        return names

    def _fields(self, text: str) -> list[str]:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True))
        if len(rows) != 1:
            raise csv.Error("a carriage return without a line feed ends no line")
        return rows[0]


def _unreadable(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"is not in the encoding of the file, from character {error.start + 1} on"
    return None


def _nul(fields: Mapping[str, object]) -> str | None:
    """Which fields no database can keep, by name."""
    found = with_nul(fields)
    return f"holds a NUL character in {', '.join(field or 'a name' for field in found[:MOST_NAMED])}" if found else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")
