"""What comes beside a file of workers, and where the two disagree: a file that was cut off must not dismiss anybody."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict

from services.directory.domain.lines import Line


class Disagreement(TypedDict):
    """A field of the manifest, what was said, and what there is."""

    field: str
    said: str
    found: str


class Tally:
    """Counts and digests a file while it is read. `sha256` is of the bytes as they come, packed or not."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def bytes(self, chunk: bytes) -> bytes:
        """Pass bytes through."""
        self._digest.update(chunk)
        return chunk

    def lines(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Pass records through, broken ones too."""
        self.rows += len(lines)
        return lines

    @property
    def sha256(self) -> str:
        """Of all bytes so far."""
        return self._digest.hexdigest()


def disagreements(
    manifest: dict[str, object] | None, tally: Tally, said_at: datetime, newest: datetime | None
) -> list[Disagreement]:
    """Where a file is not what was announced; `newest` is the moment of the latest snapshot that was reconciled."""
    said = manifest or {}
    pairs: Iterable[tuple[str, object, object]] = (
        ("rows", said.get("rows"), tally.rows),
        ("sha256", said.get("sha256"), tally.sha256),
        ("snapshot_at", said_at.isoformat(), newest.isoformat() if newest and said_at < newest else None),
    )
    return [
        {"field": field, "said": str(told), "found": str(found)}
        for field, told, found in pairs
        if told is not None and found is not None and told != found
    ]
