"""Hands a person all that a service holds of them: gathered by the catalogue, sealed for whoever asked.

The request carries a public key made for it alone; answers are encrypted with it, so that nothing of the person is
readable on the way, and nothing ever again once the private key is deleted.
"""

from collections.abc import Sequence
from uuid import UUID

import orjson
from joserfc import jwe
from joserfc.jwk import ECKey

from shared import outbox
from shared.db import Connection
from shared.envelope import Envelope
from shared.events.privacy import ExportPart, ExportRequested
from shared.privacy.catalogue import Catalogue, Table

PIECE_BYTES = 96 * 1024
HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}


async def gather(conn: Connection, catalogue: Catalogue, person_id: UUID) -> list[dict[str, object]]:
    """Every table that has rows about the person, with its purpose and the rows as JSON objects."""
    found: list[dict[str, object]] = []
    for table in catalogue.tables:
        if table.about is None or table.remembers_erased:
            continue
        rows = [orjson.loads(row[0]) for row in await conn.fetch(_select(table), person_id)]
        if rows:
            described = {"table": table.name, "purpose": table.purpose, "data_class": table.data_class}
            found.append({**described, "rows": rows})
    return found


def _select(table: Table) -> str:
    hidden = (*table.mentions, *table.withheld)
    names = ", ".join(f"'{column}'" for column in hidden)
    shown = f"to_jsonb(t) - ARRAY[{names}]" if hidden else "to_jsonb(t)"
    return f"SELECT ({shown})::text FROM {table.name} AS t WHERE {table.about}"  # noqa: S608 - from the catalogue


async def answer(conn: Connection, catalogue: Catalogue, requests: Sequence[Envelope[ExportRequested]]) -> None:
    """Answer each request with what this service holds, in as many sealed pieces as it takes."""
    parts: list[tuple[ExportPart, Envelope[ExportRequested]]] = []
    for request in requests:
        asked = request.data
        body = orjson.dumps(await gather(conn, catalogue, asked.person_id))
        pieces = [body[start : start + PIECE_BYTES] for start in range(0, len(body), PIECE_BYTES)]
        parts += [
            (
                ExportPart(
                    request_id=asked.request_id,
                    person_id=asked.person_id,
                    service=catalogue.service,
                    number=number,
                    of=len(pieces),
                    sealed=seal(piece, asked.public_key),
                ),
                request,
            )
            for number, piece in enumerate(pieces, start=1)
        ]
    await outbox.append_all(conn, parts)


def new_key() -> tuple[str, str]:
    """A private and its public key, as JSON Web Keys (P-256)."""
    key = ECKey.generate_key("P-256")
    return (
        orjson.dumps(key.as_dict(private=True)).decode(),
        orjson.dumps(key.as_dict(private=False)).decode(),
    )


def seal(piece: bytes, public_key: str) -> str:
    """Encrypt for the holder of the private key: compact JWE (RFC 7516), ECDH-ES with AES-256-GCM."""
    return jwe.encrypt_compact(HEADER, piece, ECKey.import_key(orjson.loads(public_key)))


def unseal(sealed: str, private_key: str) -> bytes:
    """The piece as it was."""
    return jwe.decrypt_compact(sealed, ECKey.import_key(orjson.loads(private_key))).plaintext or b""
