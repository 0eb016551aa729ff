"""A file that is not as its manifest says, or is older than what was reconciled, reports nobody as missing."""

import gzip
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.directory.__main__ import SERVICE
from services.directory.settings import DirectorySettings
from shared.db import Database
from shared.runner import cli
from tests.directory.test_feeds import SOURCE, Feeds, as_csv, feeds, jsonl, row

__all__ = ["feeds"]
THREE = jsonl(row("E1"), row("E2"), row("E3"))
CUT = THREE[: THREE.rindex(b"\n")]
NOW = datetime.now(UTC)


def manifest(data: bytes, rows: int, **more: Any) -> dict[str, Any]:
    return {"rows": rows, "sha256": hashlib.sha256(data).hexdigest(), **more}


async def fields(feeds: Feeds, data: bytes, **about: Any) -> tuple[list[str], int, str]:
    """In which fields the manifest of a snapshot disagrees, who is missing, and where that leaves the feed."""
    done = await feeds.send(data, snapshot=True, **about)
    return [each["field"] for each in done["disagreements"]], done["missing"], done["state"]


async def test_a_file_that_was_cut_off_dismisses_nobody(feeds: Feeds, api_db: Database) -> None:
    assert await fields(feeds, THREE, manifest=manifest(THREE, 3)) == ([], 0, "done")
    assert await fields(feeds, CUT, manifest=manifest(THREE, 3)) == (["rows", "sha256"], 0, "done")
    assert await fields(feeds, CUT, manifest={"rows": 3}) == (["rows"], 0, "done")
    swapped = THREE.replace(b"E3", b"E4")
    assert await fields(feeds, swapped, manifest=manifest(THREE, 3)) == (["sha256"], 0, "done")
    async with api_db.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM feed_missing") == 0
        assert await conn.fetchval("SELECT count(*) FROM feed_seen") == 0
    # What agrees, packed or not, reports who is not in it.
    packed = gzip.compress(CUT)
    assert await fields(feeds, packed, manifest=manifest(packed, 2, mode="full")) == ([], 2, "read")
    text = as_csv([row("E1"), row("E2")])
    assert await fields(feeds, text, form="csv", manifest=manifest(text, 2)) == ([], 2, "read")


async def test_a_broken_line_is_a_row_and_a_delta_is_held_to_its_word_too(feeds: Feeds) -> None:
    data = jsonl(row("E1"), "{")
    done = await feeds.send(data, manifest=manifest(data, 2, mode="delta"))
    assert (done["disagreements"], done["refused"]) == ([], 1)
    done = await feeds.send(data, manifest={"rows": 7})
    assert done["disagreements"] == [{"field": "rows", "said": "7", "found": "2"}]


async def test_an_older_snapshot_reports_nobody_nor_is_it_confirmed_later(feeds: Feeds) -> None:
    def at(minutes: int) -> dict[str, Any]:
        return {"manifest": {"snapshotAt": (NOW - timedelta(minutes=minutes)).isoformat()}}

    assert await fields(feeds, THREE, **at(50)) == ([], 0, "done")
    first = await feeds.send(CUT, snapshot=True, **at(40))
    assert (first["state"], first["missing"]) == ("read", 1)
    assert await fields(feeds, THREE, **at(30)) == ([], 0, "done")
    assert await fields(feeds, jsonl(row("E1")), **at(35)) == (["snapshot_at"], 0, "done")
    other = await feeds.send(jsonl(row("X1")), snapshot=True, source="https://other.example", **at(60))
    assert other["disagreements"] == []  # each system has a clock of its own
    where = f"/v1/feeds/{first['feed_id']}/deactivate-missing"
    answer = await feeds.api.post(where, json={"people": 1}, headers=feeds.headers)
    assert (answer.status_code, answer.json()["state"]) == (409, "read")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"manifest": {"rows": -1}}, "manifest.rows"),
    ({"manifest": {"sha256": "abc"}}, "manifest.sha256"),
    ({"manifest": {"size": 7}}, "manifest.size"),
    ({"manifest": {"mode": "full"}}, "manifest.mode"),
    ({"manifest": {"mode": "delta"}, "snapshot": True}, "manifest.mode"),
    ({"manifest": {"snapshotAt": "2026-01-01T00:00:00Z"}, "said_at": "2026-01-02T00:00:00Z"}, "manifest.snapshotAt"),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=lambda value: str(value)[:60])
async def test_a_manifest_that_makes_no_sense_is_refused_by_field(
    feeds: Feeds, body: dict[str, Any], field: str
) -> None:
    answer = await feeds.api.post("/v1/feeds", json={"source": SOURCE, **body}, headers=feeds.headers)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field]), answer.text


def test_the_command_reads_a_manifest_beside_the_file(
    settings: DirectorySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATERAL_DATABASE_URL", settings.database_url)
    file, beside = tmp_path / "workers.jsonl", tmp_path / "manifest.json"
    file.write_bytes(CUT)
    beside.write_text(json.dumps({**manifest(THREE, 3), "mode": "full", "snapshotAt": NOW.isoformat()}))
    run = ["feed", os.fspath(file), "--source", SOURCE, "--manifest", os.fspath(beside)]
    result = CliRunner().invoke(cli(SERVICE), run)
    assert result.exit_code == 0, result.output
    assert "nothing is reconciled: rows is 2, not 3" in result.output
    beside.write_text('{"rows": "many"}')
    result = CliRunner().invoke(cli(SERVICE), run)
    assert (result.exit_code, "rows" in result.output) == (1, True)
