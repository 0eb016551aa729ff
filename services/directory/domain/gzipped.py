"""Files that come packed by gzip, as exports often do: unpacked piece by piece as they come."""

import zlib
from collections.abc import Iterator

from services.directory.domain.refusals import UnreadableFile

MAGIC = b"\x1f\x8b"
WITH_HEADER = 31
PIECE = 256 * 1024
MOST_TIMES = 200
"""A file of workers packs to a tenth or a fiftieth; what unpacks to more than this is meant to fill a disk."""
UNASKED = 16 * 1024 * 1024


class Unpacker:
    """Fed with bytes, packed or not; gives them unpacked, some at a time."""

    def __init__(self) -> None:
        self._first: bytes | None = b""
        self._member: zlib._Decompress | None = None
        self._taken = self._given = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What is in this chunk. Raises UnreadableFile for what is broken, or unpacks to too much."""
        if self._first is not None:
            chunk = self._first + chunk
            if len(chunk) < len(MAGIC):
                self._first = chunk
                return
            self._first = None
            self._member = zlib.decompressobj(WITH_HEADER) if chunk.startswith(MAGIC) else None
        if self._member is None:
            yield chunk
            return
        self._taken += len(chunk)
        piece = b""
        while chunk or len(piece) == PIECE:
            if self._member.eof:  # files put behind each other stay one file
                self._member = zlib.decompressobj(WITH_HEADER)
            try:
                piece = self._member.decompress(chunk, PIECE)
            except zlib.error as error:
                raise UnreadableFile("The file is not gzip as it should be, from somewhere on.") from error
            chunk = self._member.unconsumed_tail or self._member.unused_data
            self._given += len(piece)
            if self._given > UNASKED + MOST_TIMES * self._taken:
                raise UnreadableFile(f"The file unpacks to more than {MOST_TIMES} times its size.")
            yield piece

    def finish(self) -> bytes:
        """What is left at the end. Raises UnreadableFile where the packed file is not whole."""
        if self._member is not None and not self._member.eof:
            raise UnreadableFile("The file is cut off: its gzip has no end.")
        return self._first or b""
