"""The SCIM service that is offered: its schemas, what it can do, and the habits of identity systems it puts up with."""

import json
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Error,
    ETag,
    Filter,
    InvalidFilterException,
    NotFoundException,
    Pagination,
    Patch,
    PatchOp,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.bulk import BulkPlan
from scim2_server.service import ScimService
from scim2_server.utils import load_default_resource_types, load_default_schemas

from services.directory.domain.account import ENTERPRISE

UNWANTED = frozenset({"password", "photos", "x509Certificates", "ims"})
"""Sign-in is the issuer's, and profiles are free of photos; what a client sends of these is dropped."""
LARGEST_BULK = 1024 * 1024
OPERATIONS = 200
PAGE = 200
LONGEST_FILTER = 4000
CURSOR_SECONDS = 24 * 3600
MANAGER = f"{ENTERPRISE}:manager".lower()


class DirectoryScim(ScimService):
    """The library's service, which reads Entra's ways of naming a manager too."""

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """As the library, which repeats in its text what was asked for and is not there."""
        if isinstance(exception, NotFoundException):
            exception = NotFoundException(detail="There is no such resource here.")
        return ScimService.error_of(exception)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> PatchOp[Resource[Any]]:
        """As the library, after `normalise`."""
        return super().read_patch(resource_type, _renewed(body), content_type)

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """As the library, for filters of a length that no parser or planner chokes on."""
        if isinstance(payload, dict) and any(
            len(value) > LONGEST_FILTER for value in payload.values() if isinstance(value, str)
        ):
            raise InvalidFilterException(detail=f"A filter has at most {LONGEST_FILTER} characters.")
        return super().read_search(resource_types, payload)

    def read_bulk(self, body: bytes, content_type: str | None) -> BulkPlan:
        """As the library, after `normalise` for every PATCH in it."""
        self.ensure_bulk_payload_size(len(body))
        return super().read_bulk(_renewed(body), content_type)


def scim_service(secret: str) -> DirectoryScim:
    """The service; `secret` seals the cursors, and every replica has the same."""
    schemas = list(load_default_schemas().values())
    for schema in schemas:
        schema.attributes = [each for each in schema.attributes or () if each.name not in UNWANTED]
    policy = ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    )
    provider = ScimProvider.from_discovery(
        schemas, load_default_resource_types().values(), config=_config(), policy=policy
    )
    return DirectoryScim(provider, secret=secret)


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=OPERATIONS, max_payload_size=LARGEST_BULK),
        filter=Filter(supported=True, max_results=PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=100,
            max_page_size=PAGE,
            cursor_timeout=CURSOR_SECONDS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="OAuth 2.0 bearer token",
                description="An access token with the role hr-system or admin.",
                spec_uri="https://www.rfc-editor.org/rfc/rfc6750",
                primary=True,
            )
        ],
    )


def normalise(operation: Any) -> Any:
    """A manager as Entra may send it, a bare id or a list of one, as the object the schema has."""
    if not isinstance(operation, dict) or str(operation.get("path", "")).lower() != MANAGER:
        return operation
    value = operation.get("value")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        value = {"value": value}
    return {**operation, "value": value} if "value" in operation else operation


def _renewed(body: bytes) -> bytes:
    """The body with every PATCH operation in it normalised; what is not understood is left to the library to refuse."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(document, dict) or MANAGER.encode() not in body.lower():
        return body
    _renew(document)
    for key in ("Operations", "operations"):
        for operation in document.get(key) or () if isinstance(document.get(key), list) else ():
            if isinstance(operation, dict) and isinstance(operation.get("data"), dict):
                _renew(operation["data"])
    return json.dumps(document).encode()


def _renew(document: dict[str, Any]) -> None:
    for key in ("Operations", "operations"):
        if isinstance(document.get(key), list):
            document[key] = [normalise(operation) for operation in document[key]]
