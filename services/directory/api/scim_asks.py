"""What a security event token asks for, done as the SCIM request it stands for."""

from typing import Any
from uuid import UUID

import orjson
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest

from services.directory.api.scim import BASE
from services.directory.api.scim_service import DirectoryScim
from services.directory.api.scim_storage import DirectoryHandler, DirectoryStorage
from services.directory.commands.security_events import known_as
from services.directory.domain.references import mentioned, renamed
from services.directory.domain.security_event import Ask, MalformedToken, Subject
from services.directory.queries.scim_events import named_by_sender


async def apply(service: DirectoryScim, storage: DirectoryStorage, whom: Subject, ask: Ask) -> None:
    """One event. Members and managers it refers to by the sender's ids are found by these."""
    handler = DirectoryHandler(service, storage)
    found = await _find(handler, storage, whom)
    body = await _in_our_ids(storage, ask.body) if ask.body is not None else None
    if body is not None and ask.method in {"POST", "PUT"}:
        body.setdefault("externalId", whom.external_id)
    if ask.method == "POST" and found is not None:
        await _ask(handler, "PUT", f"/{whom.kind}/{found}", body)
    elif ask.method == "POST" or (ask.method == "PUT" and found is None):
        created = await _ask(handler, "POST", f"/{whom.kind}", body)
        found = (created or {}).get("id")
    elif found is not None or ask.method != "DELETE":
        await _ask(handler, ask.method, f"/{whom.kind}/{found or whom.resource_id}", body)
    if found is not None:
        await known_as(storage.conn, whom.kind, UUID(found), whom.resource_id)


async def _find(handler: AsyncScimHandler, storage: DirectoryStorage, whom: Subject) -> str | None:
    """Our id: by the sender's, by the name both sides know, or because the sender calls them as we do."""
    known = await named_by_sender(storage.conn, [whom.resource_id], whom.kind)
    if whom.resource_id in known:
        return str(known[whom.resource_id])
    quoted = orjson.dumps(whom.external_id).decode()
    wanted = f"externalId eq {quoted} or id eq {orjson.dumps(whom.resource_id).decode()}"
    body = {"filter": wanted, "attributes": ["id"], "count": 2}
    said = await _ask(handler, "POST", f"/{whom.kind}/.search", body)
    found = (said or {}).get("Resources") or []
    if len(found) > 1:
        raise MalformedToken("sub_id names two resources")
    return found[0]["id"] if found else None


async def _in_our_ids(storage: DirectoryStorage, body: Any) -> dict[str, Any]:
    known = await named_by_sender(storage.conn, mentioned(body))
    ours: dict[str, Any] = renamed(dict(body), lambda name: str(known.get(name, name)))
    return ours


async def _ask(handler: AsyncScimHandler, method: str, path: str, body: object) -> dict[str, Any] | None:
    content = b"" if body is None else orjson.dumps(body)
    return (await handler.handle(ScimRequest(method=method, base_url=BASE, path=path, body=content))).body
