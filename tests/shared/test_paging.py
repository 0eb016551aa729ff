import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.paging import Page, decode_cursor, encode_cursor, link_header, page
from shared.refusal import InvalidRequest


@given(st.uuids(), st.datetimes(timezones=st.just(UTC)), st.text().filter(lambda text: "\0" not in text))
def test_a_cursor_comes_back_as_the_key_it_was_made_of(number: UUID, moment: datetime, text: str) -> None:
    cursor = encode_cursor(number, moment, text, 7)
    assert decode_cursor(cursor, UUID, datetime, str, int) == (number, moment, text, 7)


def test_the_first_page_has_no_cursor() -> None:
    assert decode_cursor(None, int) is None


def raw(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "é",
        "AAAA",
        raw("null"),
        raw("{}"),
        raw("[]"),
        raw('["x"]'),
        raw("[1, 2]"),
        raw("[true]"),
        raw("[1.5]"),
        raw(f"[{2**63}]"),
        raw("[" * 3000),
    ],
)
def test_a_tampered_cursor_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_cursor(cursor, int)
    errors = refused.value.fields["errors"]
    assert errors == [{"field": "cursor", "message": "is not one that was given out here"}]


@pytest.mark.parametrize(("text", "kind"), [("2026-01-01", datetime), ("x", UUID), ("a\\u0000b", str)])
def test_a_part_of_the_wrong_kind_is_refused(text: str, kind: type) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(raw(f'["{text}"]'), kind)


def test_the_row_too_many_says_that_there_is_more() -> None:
    found = page([1, 2, 3], 2, str, lambda row: (row,))
    assert found.items == ["1", "2"]
    assert decode_cursor(found.next, int) == (2,)


def test_the_last_page_leads_nowhere() -> None:
    assert page([1, 2], 2, str, lambda row: (row,)) == Page[str](items=["1", "2"], next=None)


def test_the_link_repeats_the_request_with_the_next_cursor() -> None:
    cursor = encode_cursor(uuid4())
    link = link_header("/v1/people", "unit=a%26b&cursor=old", cursor)
    assert link == f'</v1/people?unit=a%26b&cursor={cursor}>; rel="next"'
