"""Files that are not what they should be: each says why, at once, and nothing of it is taken for people."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.domain.gzipped import MAGIC, UNASKED, Unpacker
from services.directory.domain.lines import Form, Line, Reader
from services.directory.domain.refusals import UnreadableFile
from tests.directory.hr import worker
from tests.fixtures.issuer import Issuer

ROWS = [worker(f"E{number}").model_dump(mode="json", by_alias=True, exclude_none=True) for number in range(3)]
for each in ROWS:
    del each["languages"], each["skills"]
CSV = "\n".join([",".join(ROWS[0]), *(",".join(map(str, each.values())) for each in ROWS), ""]).encode()
LINES = "\n".join(map(json.dumps, ROWS)).encode()


def read(data: bytes, form: Form = "csv", size: int = 7) -> list[Line]:
    reader = Reader(form)
    return [*(line for at in range(0, len(data), size) for line in reader.feed(data[at : at + size])), *reader.finish()]


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_a_packed_file_is_read_as_what_it_packs(size: int) -> None:
    assert read(gzip.compress(CSV), size=size) == read(CSV)
    assert read(gzip.compress(LINES), "jsonl", size) == read(LINES, "jsonl")
    assert read(gzip.compress(CSV[:90]) + gzip.compress(CSV[90:]), size=size) == read(CSV)
    assert len(read(CSV)) == len(read(LINES, "jsonl")) == 3


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_what_is_packed_comes_out_as_it_was(data: bytes, size: int) -> None:
    for sent in (gzip.compress(data), data):
        unpacker = Unpacker()
        out = b"".join(piece for at in range(0, len(sent), size) for piece in unpacker.feed(sent[at : at + size]))
        if not sent.startswith(MAGIC) or sent is not data:
            assert out + unpacker.finish() == data


def test_more_than_a_piece_comes_out_whole() -> None:
    unpacker = Unpacker()
    assert b"".join([*unpacker.feed(gzip.compress(b"ab" * 1_000_000)), unpacker.finish()]) == b"ab" * 1_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(CSV)[:-5], "The file is cut off"),
        (gzip.compress(CSV)[:40] + b"\xff" * 40, "The file is not gzip as it should be"),
        (gzip.compress(CSV) + b"tail", "The file is not gzip as it should be"),
        (gzip.compress(b"a" * (UNASKED + 200 * 50_000)), "The file unpacks to more than 200 times"),
        (b"", "The file has no header"),
        (b"\xef\xbb\xbf\r\n\r\n", "The file has no header"),
        ("a,b\n1,2\n".encode("utf-32"), "The header holds a NUL character"),
        ("Straße,b\n1,2\n".encode("latin-1"), "The header is not in the encoding of the file, from character 5"),
        (b"x" * 300_000 + b"\n1\n", "The header is longer than"),
        (b'a,"b\n1,2\n3,4\n', "The header has a quote that does not end"),
        (b"a,b\r1,2\r", "The header is not CSV: a carriage return"),
    ],
    ids=lambda said: said if isinstance(said, str) else "",
)
def test_a_file_that_is_none_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(data, size=1000)
    assert refused.value.detail.startswith(reason)


def test_a_bomb_is_put_out_before_it_fills_anything() -> None:
    """Of a gigabyte of nothing sixteen megabytes and a bit are unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(1 << 24)) for _ in range(64)), packer.flush()])
    pieces: list[int] = []
    with pytest.raises(UnreadableFile):
        pieces.extend(map(len, Unpacker().feed(bomb[: 1 << 16])))
    assert sum(pieces) <= UNASKED + 200 * (1 << 16)


async def send(api: httpx.AsyncClient, headers: dict[str, str], data: bytes, **about: Any) -> httpx.Response:
    about = {"source": "https://hr.example", "form": "csv", **about}
    feed = (await api.post("/v1/feeds", json=about, headers=headers)).json()["feed_id"]
    return await api.post(f"/v1/feeds/{feed}/lines", content=data, headers=headers)


async def test_another_file_than_one_of_workers_is_refused_by_its_header(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    hr = issuer.bearer("hr-system")
    for data in (b"foo,bar\n1,2\n", b"<!doctype html><html></html>", LINES):
        answer = await send(api, hr, data, adapter="workday", snapshot=True)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unreadable-file")
        said = "The header has no column for the employee number: Employee_ID or Worker_ID or employeeNumber."
        assert answer.json()["detail"] == said or data is LINES
    assert {feed["state"] for feed in (await api.get("/v1/feeds", headers=hr)).json()["items"]} == {"open"}
    taken = await send(api, {**hr, "Content-Encoding": "gzip"}, gzip.compress(CSV), snapshot=True)
    assert (taken.status_code, taken.json()["state"], taken.json()["taken"]) == (200, "done", 3)


async def test_half_characters_in_a_line_cost_that_line_alone(api: httpx.AsyncClient, issuer: Issuer) -> None:
    hr = issuer.bearer("hr-system")
    half = [b'{"employeeNumber": "\\ud800"}', b'{"employeeNumber": "H", "status\\udfff": 1}', LINES]
    answer = (await send(api, hr, b"\n".join(half), form="jsonl")).json()
    assert (answer["taken"], answer["refused"]) == (3, 2)
    refusals = (await api.get(f"/v1/feeds/{answer['feed_id']}/refusals", headers=hr)).json()["items"]
    assert [each["employee_number"] for each in refusals] == ["\\ud800", "H"]
    assert "status\\udfff: " in refusals[1]["reason"]


async def test_an_identity_system_gives_no_number_that_looks_like_another(
    api: httpx.AsyncClient, issuer: Issuer
) -> None:
    hr = issuer.bearer("hr-system") | {"Content-Type": "application/scim+json"}
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    user: dict[str, Any] = {"schemas": [core, enterprise], "userName": "ada@corp.local", "displayName": "Ada"}
    for number, named in (("A\u04151", "2 is U+0415"), ("A\u00ad1", "2 is U+00AD"), ("\uff21", "1 is U+FF21")):
        refused = await api.post("/scim/v2/Users", json={**user, enterprise: {"employeeNumber": number}}, headers=hr)
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
        assert f"employeeNumber: character {named}" in refused.json()["detail"]
    made = await api.post("/scim/v2/Users", json={**user, enterprise: {"employeeNumber": "A1"}}, headers=hr)
    assert made.status_code == 201
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": f"{enterprise}:employeeNumber", "value": "A\u04151"}],
    }
    changed = await api.patch(f"/scim/v2/Users/{made.json()['id']}", json=patch, headers=hr)
    assert (changed.status_code, changed.json()["scimType"]) == (400, "invalidValue")


async def test_a_page_beyond_all_counting_is_empty_or_refused(api: httpx.AsyncClient, issuer: Issuer) -> None:
    for index in (2**31, 2**53):
        answer = await api.get("/scim/v2/Users", params={"startIndex": index}, headers=issuer.bearer("hr-system"))
        assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)
    for index in (2**53 + 1, 2**63, 10**30):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "startIndex": index}
        for answer in (
            await api.get("/scim/v2/Groups", params={"startIndex": index}, headers=issuer.bearer("hr-system")),
            await api.post(
                "/scim/v2/.search",
                content=json.dumps(body),
                headers=issuer.bearer("hr-system") | {"Content-Type": "application/scim+json"},
            ),
        ):
            assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
