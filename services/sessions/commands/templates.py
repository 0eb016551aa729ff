"""Templates are written in versions, and programmes are drafted from them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.sessions.commands.programmes import create_programme, drafted
from services.sessions.domain.programme import Programme
from services.sessions.domain.templates import BUILT_IN, Template, TemplateExists
from services.sessions.store import templates as store
from shared.db import Connection
from shared.refusal import InvalidRequest, match_version


async def add_template(conn: Connection, made: Template) -> Template:
    """A template of one's own. Raises TemplateExists, InvalidRequest naming the field no programme could have."""
    await _check(conn, made)
    if made.name in BUILT_IN or not await store.insert(conn, made):
        raise TemplateExists("There is a template of that name already.", state="taken")
    return made


async def rewrite_template(conn: Connection, made: Template, expected: int | None) -> Template:
    """The next version; older ones stay. Raises UnknownTemplate, PreconditionFailed, InvalidRequest."""
    current = await store.one(conn, made.name)
    match_version(current.version, expected)
    following = replace(made, version=current.version + 1)
    await _check(conn, following)
    if not await store.insert(conn, following):
        match_version(following.version, expected)  # somebody else has written it meanwhile
    return following


async def create_from(conn: Connection, name: str, version: int | None, given: Mapping[str, Any]) -> Programme:
    """A draft with the template's fields, but for what is given. Raises UnknownTemplate, InvalidRequest."""
    template = await store.one(conn, name, version)
    return await create_programme(conn, template.filled(given))


async def _check(conn: Connection, made: Template) -> None:
    """As if a programme of it began today. Raises InvalidRequest."""
    try:
        await drafted(conn, made.filled({"name": made.title, "starts_on": datetime.now(UTC).date()}))
    except InvalidRequest as wrong:
        field, message = wrong.detail.split(": ", 1)
        raise InvalidRequest.naming(field if field.startswith("goals.") else f"fields.{field}", message) from None
