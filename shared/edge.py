"""A route's one way to the database: one transaction, one effect, one audit line."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request, Response
from opentelemetry import trace
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException

from shared import at_once, audit, idempotency, paging
from shared.auth import Principal
from shared.crashpoint import crashpoint
from shared.db import Connection, Database
from shared.gate import BODY_LIMIT, Operation
from shared.idempotency import Claim, Reply
from shared.refusal import NotFound, PreconditionFailed, Refused
from shared.rendered import Rendered

Work: TypeAlias = Callable[[Connection], Awaitable[object]]
Look: TypeAlias = Callable[[Connection], Awaitable[at_once.Change | None]]
Named: TypeAlias = Callable[[Any], str]
LONGEST_LINE = BODY_LIMIT
VERSION_TAG = re.compile(r'"v(\d{1,18})(?:-[0-9a-f]{16})?"')


class Unread(BaseModel):
    """Stands in for the body where the body must not be remembered."""


class EdgeCall:
    """One request on its way to the database."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._db: Database = request.app.state.db
        self._operation: Operation = request.state.operation

    @property
    def principal(self) -> Principal:
        """The caller. A public route has none and must not ask."""
        found: Principal = self.request.state.principal
        return found

    @property
    def if_match(self) -> int | None:
        """The version named by If-Match, for `match_version`. Raises PreconditionFailed for a tag never given out."""
        tag = self.request.headers.get("if-match")
        if tag is None or tag == "*":
            return None
        if found := VERSION_TAG.fullmatch(tag.strip()):
            return int(found[1])
        detail = "If-Match names no version that was given out here."
        raise PreconditionFailed(detail)

    async def write(
        self, work: Work, *, body: BaseModel | None = None, look: Look | None = None, named: Named | None = None
    ) -> Response:
        """Do `work` once and answer when it is committed: the route's status and the result, 204 for None, a Reply.

        `look` may see, without a lock, a change that can be made at once, in one statement; else `work` does it.
        `named` says of its result what the audit line is about, where the path does not.
        """
        claim = await self._claim(body)
        reply = await self._at_once(look, claim, body) if look else None
        if reply is None:
            async with self._db.transaction() as conn:
                if claim and (saved := await idempotency.take(conn, claim)):
                    return self._answer(saved, {"Idempotency-Replayed": "true"})
                result = await work(conn)
                reply = self._reply(result, self._operation.status)
                line = self._change(body, reply, named(result) if named else None)
                await (idempotency.save(conn, claim, reply, line) if claim else audit.append(conn, line))
                await self._before_commit()
        await crashpoint("http.before_reply")
        return self._answer(reply)

    async def _at_once(self, look: Look, claim: Claim | None, body: BaseModel | None) -> Reply | None:
        async with self._db.acquire() as conn:
            try:
                change = await look(conn)
            except Refused:  # a key's first reply may have been another
                change = None
            if change is None:
                return None
            reply = self._reply(change.result, self._operation.status)
            await self._before_commit()
            made = await at_once.make(conn, change, claim, reply, self._change(body, reply))
            return reply if made else None

    async def _before_commit(self) -> None:
        await crashpoint("http.before_commit")

    async def read(self, work: Work) -> Response:
        """Answer with what `work` finds: 404 for None, 304 for a version the caller has, a Response as it is."""
        async with self._db.acquire() as conn:
            result = await work(conn)
        if result is None:
            detail = "There is no such thing here."
            raise NotFound(detail)
        if isinstance(result, Response):
            return result
        reply = self._reply(result, self._operation.status)
        headers = {}
        if isinstance(result, paging.Page | Rendered) and result.next:
            headers["Link"] = paging.link_header(self.request.url.path, self.request.url.query, result.next)
        if reply.etag and (tags := self.request.headers.get("if-none-match")):
            seen = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            if not seen.isdisjoint({reply.etag, "*"}):
                return self._answer(Reply(304, None, reply.etag), headers)
        return self._answer(reply, headers)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction of a bulk route's own, for one or more of its lines, with its own audit line."""
        async with self._db.transaction() as conn:
            yield conn
            await audit.append(conn, self._line(self.request.url.path, self._operation.status))

    async def audit_read(self, conn: Connection, object: str) -> None:  # noqa: A002 - the trail's own word
        """Record that the caller read something confidential."""
        await audit.append(conn, self._line(object, 200))

    async def lines(self) -> AsyncIterator[tuple[int, bytes]]:
        """The JSON Lines of the body as they arrive, counted from 1, without the empty ones."""
        number, rest = 0, b""
        async for chunk in self.request.stream():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                number += 1
                if line.strip():
                    yield number, line
            if len(rest) > LONGEST_LINE:
                detail = f"Line {number + 1} is longer than {LONGEST_LINE} bytes."
                raise HTTPException(413, detail)
        if rest.strip():
            yield number + 1, rest

    async def _claim(self, body: BaseModel | None) -> Claim | None:
        key = self.request.headers.get(idempotency.HEADER)
        if key is None:
            return None
        content = body.model_dump_json(exclude_unset=True).encode() if body else await self.request.body()
        fingerprint = idempotency.fingerprint(self.request.path_params, content)
        return Claim(self.principal.subject, self._operation.method, self._operation.path, key, fingerprint)

    def _line(self, object_: str, outcome: int) -> audit.Entry:
        context = trace.get_current_span().get_span_context()
        trace_id = f"{context.trace_id:032x}" if context.is_valid else None
        return audit.Entry(
            self.principal.subject, self._operation.name, object_, outcome, trace_id, self.request.state.request_id
        )

    def _change(self, body: BaseModel | None, reply: Reply, about: str | None = None) -> audit.Entry:
        """What was given, by name, and which version of what came of it, digested; values stay out of the trail.

        Only what has a version is digested: what is answered in confidence has none, and nobody may try answers out.
        """
        given = tuple(sorted(body.model_fields_set & type(body).model_fields.keys())) if body is not None else None
        seen = VERSION_TAG.fullmatch(self.request.headers.get("if-match", "").strip().removeprefix("W/"))
        line = self._line(about or self.request.scope["path"], reply.status)
        changes = self._operation.method != "POST"
        line = replace(
            line, fields=given or None, before=seen and _tag(int(seen[1])), after=reply.etag, changes=changes
        )
        if reply.etag is None or reply.body is None or isinstance(body, Unread):
            return line
        return line.came_to(reply.etag, reply.body)

    def _reply(self, result: object, status: int) -> Reply:
        if result is None:
            return Reply(204, None)
        if isinstance(result, Reply):
            return result
        if isinstance(result, Rendered):
            return Reply(status, result.body, _tag(result.version, result.body))
        # The declared model is the list of what may leave: whatever else the result carries stays here.
        adapter: TypeAdapter[Any] = self._operation.response or TypeAdapter(type(result))
        model = adapter.validate_python(result, from_attributes=True)
        return Reply(status, adapter.dump_json(model, by_alias=True), _tag(getattr(model, "version", None)))

    def _answer(self, reply: Reply, headers: dict[str, str] | None = None) -> Response:
        tag = {"ETag": reply.etag} if reply.etag else {}
        media_type = "application/json" if reply.body is not None else None
        return Response(reply.body, reply.status, {**tag, **(headers or {})}, media_type)


def _tag(version: int | None, body: bytes | None = None) -> str | None:
    """Of a row that is answered as it is, with a digest: it may hold what its version does not count."""
    if version is None:
        return None
    return f'"v{version}"' if body is None else f'"v{version}-{blake2b(body, digest_size=8).hexdigest()}"'


async def _call(request: Request) -> EdgeCall:
    """A coroutine, for a plain class would be made in a thread for each request."""
    return EdgeCall(request)


Edge: TypeAlias = Annotated[EdgeCall, Depends(_call)]
