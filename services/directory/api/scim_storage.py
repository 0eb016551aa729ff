"""The library's storage over the directory's own tables: reads through queries, writes through commands."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from scim2_models import (
    InvalidValueException,
    Meta,
    MutabilityException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_server.handler import AsyncScimHandler
from scim2_server.service import ScimService
from scim2_server.storage import AsyncScimStorage, SearchPage

from services.directory.commands import accounts, groups
from services.directory.domain.refusals import LeaversHeld, NotYours, Taken
from services.directory.queries import scim as queries
from services.directory.queries.scim import Kind
from shared.db import UNSTORABLE_TEXT, Connection, Record
from shared.problems import UNSTORABLE
from shared.refusal import NotFound, PreconditionFailed, Refused, with_nul

AnyResource = Resource[Any]


class HeldException(SCIMException):
    """It waits for somebody: 409, for which RFC 7644 has no scimType but that of names that are taken."""

    status = 409


class DirectoryStorage(AsyncScimStorage):
    """People and groups within the transaction of one request."""

    supports_cursors = True

    def __init__(self, conn: Connection, provider: ScimProvider) -> None:
        self.conn = conn
        self._provider = provider
        self.held: list[LeaversHeld] = []
        """Whose leaving was refused for now: written down when the request ends, for what it did itself is undone."""
        self.replacing = False
        """Whether the update under way is a PUT, which subscribers are told as one."""

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """A savepoint: what fails in a bulk request leaves nothing, and harms no other."""
        with _in_scim_words():
            async with self.conn.transaction():
                yield

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> AnyResource:
        """One resource; members stay out when nobody asked for them."""
        found = await self._load([_id(resource_id)], [resource_type], _members_wanted(response_parameters))
        if not found:
            raise NotFoundException(detail=f"There is no such {resource_type.name} here.")
        return found[0]

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """One page: filtered, ordered and cut by the database."""
        with _in_scim_words("filter"):
            models = {cast("Kind", each.name): self._model(each) for each in resource_types}
            found = await queries.search(self.conn, models, search_request, position)
            ids = [row["id"] for row in found.rows]
            resources = await self._load(ids, resource_types, _members_wanted(search_request))
        return SearchPage(found.total, resources, found.next, found.previous)

    async def create(self, resource_type: ResourceType, resource: AnyResource) -> AnyResource:
        """Provision an account, or take a new role."""
        with self._in_scim_words(resource):
            if resource_type.name == "User":
                created = await accounts.provision(self.conn, _document(resource), datetime.now(UTC))
            else:
                created = await groups.create_group(self.conn, *_group(resource))
        return await self.get(resource_type, str(created))

    async def update(
        self, resource_type: ResourceType, resource: AnyResource, *, expected_version: str | None = None
    ) -> AnyResource:
        """Take the whole new state of a resource."""
        resource_id = _id(resource.id)
        with self._in_scim_words(resource):
            if resource_type.name == "User":
                now, document = datetime.now(UTC), _document(resource)
                await accounts.change(self.conn, resource_id, document, expected_version, now)
            else:
                await groups.change_group(
                    self.conn, resource_id, *_group(resource), expected_version, replaced=self.replacing
                )
        return await self.get(resource_type, str(resource.id))

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Deprovision an account, or delete a role."""
        with self._in_scim_words():
            if resource_type.name == "User":
                await accounts.deprovision(self.conn, _id(resource_id), expected_version, datetime.now(UTC))
            else:
                await groups.delete_group(self.conn, _id(resource_id), expected_version)

    async def _load(
        self, ids: Sequence[UUID], types: Sequence[ResourceType], members_wanted: bool = True
    ) -> list[AnyResource]:
        by_name = {each.name: each for each in types}
        kinds = [cast("Kind", name) for name in by_name]
        rows = await queries.resources(self.conn, ids, kinds)
        held = await queries.memberships(self.conn, ids) if "User" in by_name else {}
        holding = await queries.members(self.conn, ids) if "Group" in by_name and members_wanted else {}
        return [
            _resource(self._model(by_name[rows[each]["kind"]]), rows[each], held.get(each, ()), holding.get(each, ()))
            for each in ids
            if each in rows
        ]

    @contextmanager
    def _in_scim_words(self, resource: AnyResource | None = None) -> Iterator[None]:
        with _in_scim_words(resource):
            try:
                yield
            except LeaversHeld as held:
                self.held.append(held)
                raise

    def _model(self, resource_type: ResourceType) -> type[AnyResource]:
        return cast("type[AnyResource]", self._provider.model_for(resource_type))


class DirectoryHandler(AsyncScimHandler):
    """The library's handler, whose storage is told of a PUT."""

    def __init__(self, service: ScimService, storage: DirectoryStorage) -> None:
        super().__init__(service, storage)
        self._directory = storage

    async def replace_resource(self, *args: Any, **named: Any) -> AnyResource:
        """As the library."""
        self._directory.replacing = True
        try:
            return await super().replace_resource(*args, **named)
        finally:
            self._directory.replacing = False


def _resource(
    model: type[AnyResource], row: Record, memberships: Sequence[Record], members: Sequence[Record]
) -> AnyResource:
    document = dict(row["resource"])
    if row["kind"] == "User" and memberships:
        document["groups"] = [
            {
                "value": str(each["group_id"]),
                "$ref": f"Groups/{each['group_id']}",
                "display": each["display"],
                "type": "direct",
            }
            for each in memberships
        ]
    if row["kind"] == "Group" and members:
        document["members"] = [
            {
                "value": str(each["member_id"]),
                "$ref": f"{each['kind']}s/{each['member_id']}",
                "type": each["kind"],
                "display": each["display"],
            }
            for each in members
        ]
    resource = model.model_validate(document)
    resource.id = str(row["id"])
    resource.meta = Meta(
        resource_type=row["kind"], created=row["created_at"], last_modified=row["changed_at"], version=row["tag"]
    )
    return resource


def _document(resource: AnyResource) -> dict[str, Any]:
    """What of an account is kept: not what the server itself says of it."""
    document = resource.model_dump(mode="json")
    return {name: value for name, value in document.items() if name not in {"id", "meta", "groups"}}


def _group(resource: Any) -> tuple[str, str | None, dict[str, str | None]]:
    members = {member.value or "": member.display for member in resource.members or ()}
    return resource.display_name, resource.external_id, members


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise NotFoundException(detail="There is no such resource here.") from None


def _members_wanted(parameters: ResponseParameters[Any] | None) -> bool:
    """Whether a reply may hold members; the largest part of a group, and the one identity systems leave out."""
    if parameters is None:
        return True
    excluded = {str(path).lower() for path in parameters.excluded_attributes or ()}
    if parameters.attributes:
        return any("members" in str(path).lower() for path in parameters.attributes)
    return "members" not in excluded


@contextmanager
def _in_scim_words(sent: AnyResource | str | None = None) -> Iterator[None]:
    """What says no, told by the status and scimType that SCIM has for it; `sent` is where text may be to blame."""
    try:
        yield
    except Refused as refused:
        raise scim_error(refused) from refused
    except UNSTORABLE_TEXT as error:
        fields = [sent or ""] if isinstance(sent, str | None) else with_nul(sent.model_dump(mode="json"))
        raise InvalidValueException(detail=f"{', '.join(fields)}: {UNSTORABLE}".removeprefix(": ")) from error


def scim_error(refused: Refused) -> SCIMException:
    """The library's exception for a refusal."""
    match refused:
        case LeaversHeld():
            return HeldException(detail=refused.detail)
        case Taken():
            return UniquenessException(detail=refused.detail)
        case NotYours():
            return MutabilityException(detail=refused.detail)
        case NotFound():
            return NotFoundException(detail=refused.detail)
        case PreconditionFailed():
            return PreconditionFailedException(detail=refused.detail)
        case _:
            return InvalidValueException(detail=refused.detail)
