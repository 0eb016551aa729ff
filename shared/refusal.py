"""What a rule says no with: pure, so that a domain can raise it and the edge can explain it."""

import json
from typing import ClassVar, Self


class Refused(Exception):
    """A rule says no. Subclasses are named for the fact; `fields` are told to the caller beside the detail."""

    status: ClassVar[int] = 409

    def __init__(self, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class NotFound(Refused):
    """There is no such thing, or none the caller may know of."""

    status = 404


class Forbidden(Refused):
    """The caller is known and may not do this."""

    status = 403


class PreconditionFailed(Refused):
    """The caller has seen another version than the current one."""

    status = 412


class PreconditionRequired(Refused):
    """The caller must say which version it has seen."""

    status = 428


class InvalidRequest(Refused):
    """The request cannot be understood; `errors` names each field and what is wrong with it."""

    status = 422

    @classmethod
    def naming(cls, field: str, message: str) -> Self:
        """One wrong field."""
        return cls(f"{field}: {message}", errors=[{"field": field, "message": message}])


def with_nul(value: object) -> list[str]:
    """The fields of plain values in which a NUL character stands, which JSON knows and no database text holds."""
    found, waiting = [], [("", value)]
    while waiting:
        field, value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            found.append(field)
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, part in parts:
            waiting.append((f"{field}.{name}" if field else str(name), part))
            if "\0" in str(name):
                found.append(field)
    return found


def sent_with_nul(body: bytes) -> list[str]:
    """The same of JSON; none where it is none, which others say."""
    try:
        return [field or "body" for field in with_nul(json.loads(body))] if rb"\u0000" in body else []
    except (ValueError, RecursionError):
        return []


def match_version(current: int, expected: int | None) -> None:
    """Compare a stored version with the one from If-Match. Raises PreconditionRequired or PreconditionFailed."""
    if expected is None:
        detail = "Send If-Match with the ETag of the version you have seen."
        raise PreconditionRequired(detail)
    if expected != current:
        detail = "It has changed since the version you have seen: read it again."
        raise PreconditionFailed(detail, current_version=current)
