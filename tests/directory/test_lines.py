"""Files of workers as they really are: one broken line never hides the next."""

import codecs
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.directory.domain.lines import LONGEST, Encoding, Form, Line, Reader
from services.directory.domain.refusals import UnreadableFile
from shared.refusal import with_nul


def read(data: bytes, form: Form = "csv", encoding: Encoding = "utf-8", size: int = 1 << 16) -> list[Line]:
    reader = Reader(form, encoding)
    lines = [line for at in range(0, len(data), size) for line in reader.feed(data[at : at + size])]
    return lines + list(reader.finish())


def broken(lines: list[Line]) -> dict[int, str]:
    return {line.number: line.broken for line in lines if line.broken}


def values(lines: list[Line]) -> list[tuple[object, ...]]:
    return [tuple(line.fields.values()) for line in lines if line.fields is not None]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_header_says_what_stands_between_fields(delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(row) for row in (["a", "b"], ["1", '"x ""y"" z"'], ["2", ""])) + end + end
    assert values(read(text.encode())) == [("1", 'x "y" z'), ("2", "")]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("name\nZoë\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "name\nZoë\n".encode(), "utf-8"),
        ("name\nZoë\n".encode("utf-16"), "utf-8"),
        (codecs.BOM_UTF16_BE + "name\nZoë\n".encode("utf-16-be"), "utf-8"),
        ("name\nZoë\n".encode("cp1252"), "cp1252"),
        ("name\nZoë".encode("latin-1"), "latin-1"),
    ],
)
def test_marks_and_named_encodings_are_understood(data: bytes, encoding: Encoding) -> None:
    for size in (1, 7, 1 << 16):
        assert [line.fields for line in read(data, encoding=encoding, size=size)] == [{"name": "Zoë"}]


def test_a_line_in_another_encoding_is_refused_alone() -> None:
    lines = read("a\nZoë\n".encode() + "Zoë\n".encode("cp1252") + b"ok\n")
    assert values(lines) == [("Zoë",), ("ok",)]
    assert broken(lines) == {3: "is not in the encoding of the file, from character 3 on"}


def test_a_quoted_field_goes_over_lines_and_one_that_never_ends_costs_one_line() -> None:
    assert values(read(b'a,b\n1,"two\nlines"\n2,x\n')) == [("1", "two\nlines"), ("2", "x")]
    rows = b"".join(b"%d,x\n" % number for number in range(200))
    lines = read(b'a,b\n1,"open\n' + rows)
    assert broken(lines) == {2: "has a quote that does not end"}
    assert len(values(lines)) == 200
    at_the_end = read(b'a,b\n1,x\n2,"open\n3,x\n')
    assert (values(at_the_end), broken(at_the_end)) == ([("1", "x"), ("3", "x")], {3: "has a quote that does not end"})


def test_too_many_fields_nul_and_a_megabyte_are_refused_alone() -> None:
    huge = b"x" * (1 << 20)
    lines = read(b"a,b\n1,2,3\n1\n\0,2\n" + huge + b",2\n5,6\n", size=1000)
    assert values(lines) == [("\0", "2"), ("5", "6")]
    assert broken(lines) == {
        2: "has 3 fields where the header has 2",
        3: "has 1 fields where the header has 2",
        4: "holds a NUL character in a",
        5: f"is longer than {LONGEST} characters",
    }


@pytest.mark.parametrize("header", [b"a,a,b\n", b'a,"b"c\n'])
def test_a_header_nobody_can_use_is_refused(header: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read(header + b"1,2,3\n")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1, "a": 2}', "is not JSON: a name is there twice"),
        (b'{"a": NaN}', "is not JSON: NaN is no number of JSON"),
        (b'{"a": -Infinity}', "is not JSON: -Infinity is no number of JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'["a"]', "is not a JSON object"),
        (b'{"a": "\xff"}', "is not in the encoding of the file, from character 8 on"),
        (b"{", "is not JSON: "),
        (b'{"a": "b\\u0000"}', "holds a NUL character in a"),
        (b'{"a": {"b": [0, "\\u0000"]}}', "holds a NUL character in a.b.1"),
        (b'{"\\\\\\u0000": 1}', "holds a NUL character in a name"),
        (b'{"a": "\0"}', "is not JSON: Invalid control character"),
        (b'{"a": ' + b"1" * 5000 + b"}", "is not JSON: "),
    ],
)
def test_json_that_is_none_is_refused_by_name(line: bytes, reason: str) -> None:
    lines = read(line + b'\n\n{"b": 1}\n', "jsonl")
    assert (lines[0].broken or "").startswith(reason)
    assert lines[1:] == [Line(3, {"b": 1})]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert read(b'{"a": "\\\\u0000"}\n', "jsonl") == [Line(1, {"a": "\\u0000"})]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.dictionaries(TEXT, TEXT | st.integers(), max_size=3), max_size=20), st.integers(1, 40))
def test_where_chunks_end_does_not_matter(rows: list[dict[str, object]], size: int) -> None:
    data = "\n".join(json.dumps(row) for row in rows).encode()
    assert [line.fields for line in read(data, "jsonl", size=size)] == rows


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
@example(b"a\n\0", "csv", "utf-8")
@example(b'{"a": "\\u0000"}', "jsonl", "utf-8")
def test_no_bytes_at_all_make_it_fall(data: bytes, form: Form, encoding: Encoding) -> None:
    try:
        lines = read(data, form, encoding, 16)
    except UnreadableFile:
        return
    assert all(line.broken for line in lines if line.fields is None)
    assert all(bool(line.broken) == bool(with_nul(line.fields)) for line in lines if line.fields is not None)
