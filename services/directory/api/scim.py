"""SCIM 2.0: accounts and groups as identity systems read and provision them (RFC 7643, 7644, 9865)."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from scim2_models import InvalidSyntaxException, SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from services.directory.api.scim_service import LARGEST_BULK, DirectoryScim
from services.directory.api.scim_storage import DirectoryHandler, DirectoryStorage, HeldException
from services.directory.commands.accounts import lock
from services.directory.commands.holds import hold_accounts
from services.directory.domain.security_event import TAKEN, TOLD
from services.directory.settings import provisioning
from shared.db import Connection
from shared.edge import Edge, EdgeCall
from shared.idempotency import Reply

BASE = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
router = APIRouter(prefix=BASE, tags=["scim"], default_response_class=Response)
Id = Annotated[str, Path(max_length=100)]
Kind = Annotated[str, Path(max_length=100, description="`Users` or `Groups`.")]
Text = Annotated[str | None, Query(max_length=4000)]
CONTENT: dict[str, Any] = {MEDIA_TYPE: {"schema": {"type": "object", "description": "As /scim/v2/Schemas says."}}}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT}}
ANSWER: dict[int | str, Any] = {
    200: {"description": "A SCIM document.", "content": CONTENT},
    400: {"description": "A SCIM error with its scimType.", "content": CONTENT},
    415: {"description": "The body is not JSON.", "content": CONTENT},
}
CREATED: dict[int | str, Any] = {**ANSWER, 201: {"description": "The new resource.", "content": CONTENT}}
DONE: dict[int | str, Any] = {**ANSWER, 204: {"description": "Done."}}
DISCOVERY: dict[int | str, Any] = {**ANSWER, 403: {"description": "Discovery takes no filter.", "content": CONTENT}}


def shown(
    attributes: Text = None, excluded_attributes: Annotated[Text, Query(alias="excludedAttributes")] = None
) -> None:
    """Which attributes to return; the library reads them from the query itself."""


def searched(
    filter: Text = None,  # noqa: A002
    sort_by: Annotated[Text, Query(alias="sortBy")] = None,
    sort_order: Annotated[Text, Query(alias="sortOrder")] = None,
    start_index: Annotated[Text, Query(alias="startIndex")] = None,
    count: Text = None,
    cursor: Text = None,
) -> None:
    """What to search for; the library reads it from the query itself."""


SHOWN, SEARCHED = Depends(shown), Depends(searched)


@router.get("/ServiceProviderConfig", responses=DISCOVERY, summary="What this SCIM service can do")
async def scim_service_provider_config(
    request: Request, attributes: Annotated[str, Query(max_length=1000)] = ""
) -> Response:
    """Open to everybody, as RFC 7643 section 5 has it; `?attributes=securityEvents` adds the events (RFC 9967)."""
    answer = await _discover(request)
    # Clients that keep to RFC 7643, the conformance suite among them, refuse a configuration with an attribute that
    # they do not know: RFC 9967's is returned on request.
    asked = {name.strip().rpartition(":")[2].lower() for name in attributes.split(",")}
    if answer.status_code != 200 or "securityevents" not in asked:  # noqa: PLR2004
        return answer
    said = {**orjson.loads(answer.body), "securityEvents": {"asyncRequest": "none", "eventUris": _event_uris()}}
    return Response(orjson.dumps(said), media_type=MEDIA_TYPE)


@router.get("/ResourceTypes", responses=DISCOVERY, summary="Kinds of SCIM resources")
async def scim_resource_types(request: Request) -> Response:
    """Users and groups."""
    return await _discover(request)


@router.get("/ResourceTypes/{resource_id}", responses=DISCOVERY, summary="A kind of SCIM resource")
async def scim_resource_type(resource_id: Id, request: Request) -> Response:  # noqa: ARG001
    """One of them."""
    return await _discover(request)


@router.get("/Schemas", responses=DISCOVERY, summary="SCIM schemas")
async def scim_schemas(request: Request) -> Response:
    """Every attribute that is kept."""
    return await _discover(request)


@router.get("/Schemas/{resource_id}", responses=DISCOVERY, summary="A SCIM schema")
async def scim_schema(resource_id: Id, request: Request) -> Response:  # noqa: ARG001
    """One of them."""
    return await _discover(request)


@router.post(
    "/Bulk", responses=ANSWER, openapi_extra=BODY, max_body_size=LARGEST_BULK, summary="Many SCIM operations at once"
)
async def scim_bulk(edge: Edge) -> Response:
    """Up to 200 operations in one transaction; one that fails leaves nothing and harms no other."""
    return await _write(edge)


@router.get("", responses=ANSWER, dependencies=[SHOWN, SEARCHED], summary="Search users and groups")
async def scim_search_all(edge: Edge) -> Response:
    """Both kinds as one collection."""
    return await _read(edge)


@router.post("/.search", responses=ANSWER, openapi_extra=BODY, summary="Search users and groups by a body")
async def scim_search_all_by_body(edge: Edge) -> Response:
    """For filters that do not belong in an address."""
    return await _read(edge)


@router.post("/{kind}/.search", responses=ANSWER, openapi_extra=BODY, summary="Search by a body")
async def scim_search_by_body(kind: Kind, edge: Edge) -> Response:  # noqa: ARG001
    """For filters that do not belong in an address."""
    return await _read(edge)


@router.get("/{kind}", responses=ANSWER, dependencies=[SHOWN, SEARCHED], summary="Search users or groups")
async def scim_search(kind: Kind, edge: Edge) -> Response:  # noqa: ARG001
    """By filter, in order, paged by index or by cursor."""
    return await _read(edge)


@router.post("/{kind}", status_code=201, responses=CREATED, openapi_extra=BODY, summary="Provision a user or a group")
async def scim_create(kind: Kind, edge: Edge) -> Response:  # noqa: ARG001
    """Whoever HR has told of already stays one person, under the id they have."""
    return await _write(edge)


@router.get("/{kind}/{resource_id}", responses=ANSWER, dependencies=[SHOWN], summary="Read a user or a group")
async def scim_read(kind: Kind, resource_id: Id, edge: Edge) -> Response:  # noqa: ARG001
    """With its ETag."""
    return await _read(edge)


@router.put(
    "/{kind}/{resource_id}",
    responses=ANSWER,
    dependencies=[SHOWN],
    openapi_extra=BODY,
    summary="Replace a user or a group",
)
async def scim_replace(kind: Kind, resource_id: Id, edge: Edge) -> Response:  # noqa: ARG001
    """The whole new state; under If-Match only of the version named."""
    return await _write(edge)


@router.patch(
    "/{kind}/{resource_id}",
    responses=DONE,
    dependencies=[SHOWN],
    openapi_extra=BODY,
    summary="Change a user or a group",
)
async def scim_patch(kind: Kind, resource_id: Id, edge: Edge) -> Response:  # noqa: ARG001
    """204, or the resource when attributes are asked for. `active: false` takes effect at once and everywhere."""
    return await _write(edge)


@router.delete("/{kind}/{resource_id}", status_code=204, responses=DONE, summary="Deprovision a user, delete a group")
async def scim_delete(kind: Kind, resource_id: Id, edge: Edge) -> Response:  # noqa: ARG001
    """Whoever stood behind the account has left until they are provisioned again."""
    return await _write(edge)


def _event_uris() -> list[str]:
    """What is told, where there is a key to sign with, and what is taken, where an issuer is trusted."""
    wanted = provisioning()
    told = TOLD if wanted.event_key else ()
    return sorted({*told, *(TAKEN if wanted.event_issuer else ())})


async def _discover(request: Request) -> Response:
    service = _service(request)
    asked = await _asked(request)
    try:
        operation = service.match(asked).operation.value
        # The library's discovery reads no storage.
        said = await getattr(DirectoryHandler(service, DirectoryStorage(None, service.provider)), operation)(asked)  # type: ignore[arg-type]
    except SCIMException as refused:
        said = service.error_response(refused)
    return _response(said)


async def _read(edge: EdgeCall) -> Response:
    service, asked = _service(edge.request), await _asked(edge.request)

    async def work(conn: Connection) -> Response:
        handler = DirectoryHandler(service, DirectoryStorage(conn, service.provider))
        return _response(await handler.handle(asked))

    try:
        return await edge.read(work)
    except (SCIMException, RecursionError) as refused:
        return _refusal(service, refused)


async def _write(edge: EdgeCall) -> Response:
    service, asked = _service(edge.request), await _asked(edge.request)

    async def work(conn: Connection) -> Reply:
        await lock(conn)
        storage = DirectoryStorage(conn, service.provider)
        try:
            said = await DirectoryHandler(service, storage).handle(asked)
        except HeldException as held:
            said = service.error_response(held)
        if storage.held:
            await hold_accounts(conn, storage.held, datetime.now(UTC))
        body = None if said.body is None else orjson.dumps(said.body)
        return Reply(int(said.status), body, said.headers.get("ETag"))

    try:
        response = await edge.write(work)
    except (SCIMException, RecursionError) as refused:
        return _refusal(service, refused)
    if response.body:
        response.headers["Content-Type"] = MEDIA_TYPE
    if response.status_code == 201:  # noqa: PLR2004
        response.headers["Location"] = orjson.loads(response.body)["meta"]["location"]
    return response


def _service(request: Request) -> DirectoryScim:
    service: DirectoryScim = request.app.state.scim
    return service


async def _asked(request: Request) -> ScimRequest:
    return ScimRequest(
        method=request.method,
        base_url=f"{request.url.scheme}://{request.url.netloc}{BASE}",
        path=request.url.path.removeprefix(BASE) or "/",
        query=dict(request.query_params),
        headers=list(request.headers.items()),
        body=await request.body(),
    )


def _response(said: ScimResponse) -> Response:
    body = b"" if said.body is None else orjson.dumps(said.body)
    headers = {name: value for name, value in said.headers.items() if name != "Content-Type"}
    return Response(body, int(said.status), headers, MEDIA_TYPE if body else None)


def _refusal(service: DirectoryScim, refused: Exception) -> Response:
    if isinstance(refused, RecursionError):
        refused = InvalidSyntaxException(detail="It is nested too deeply.")
    return _response(service.error_response(refused))
