"""Under /scim every problem is told as a SCIM error (RFC 7644, section 3.12)."""

from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
MEDIA_TYPE = "application/scim+json"
UNPROCESSABLE, BAD_REQUEST = 422, 400


class ScimErrors:
    """Retells problem documents; everything else passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/scim/"):
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if MutableHeaders(scope=message).get("content-type") == problems.MEDIA_TYPE:
                    held.append(message)
                    return
            elif held:
                start = held.pop()
                status, body = scim_error(start["status"], orjson.loads(message["body"]))
                start["status"] = status
                headers = MutableHeaders(scope=start)
                headers["content-type"], headers["content-length"] = MEDIA_TYPE, str(len(body))
                await send(start)
                message = {**message, "body": body}
            await send(message)

        await self.app(scope, receive, answer)


def scim_error(status: int, problem: dict[str, Any]) -> tuple[int, bytes]:
    """A problem's status and document in SCIM's words, which know no 422."""
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in problem.get("errors", ()))
    error: dict[str, Any] = {"schemas": [SCHEMA], "detail": detail or problem["detail"]}
    if status == UNPROCESSABLE:
        status, error["scimType"] = BAD_REQUEST, "invalidValue"
    return status, orjson.dumps({**error, "status": str(status)})
