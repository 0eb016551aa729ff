"""What a rule says no with: pure, so that a domain can raise it and the edge can explain it."""

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


def match_version(current: int, expected: int | None) -> None:
    """Compare a stored version with the one from If-Match. Raises PreconditionRequired or PreconditionFailed."""
    if expected is None:
        detail = "Send If-Match with the ETag of the version you have seen."
        raise PreconditionRequired(detail)
    if expected != current:
        detail = "It has changed since the version you have seen: read it again."
        raise PreconditionFailed(detail, current_version=current)
