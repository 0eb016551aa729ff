"""What an identity system says of a worker, and which of it counts beside what HR says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from services.directory.domain.plain import is_plain
from shared.events.hr import WorkerUpserted

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
UNDATED = (date.min, 0)
"""The place of a state that no record of HR's brought: every dated record comes after it."""
Precedence: TypeAlias = Mapping[str, str]
"""`hr` or `scim` by attribute."""
Resource: TypeAlias = Mapping[str, Any]
EMPLOYMENT = {"employee": "employee", "contractor": "contractor", "intern": "intern", "external": "contractor"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2}))?")
LONGEST_ADDRESS = 200
"""What `directory.contacts` carries."""
EMAIL_LENGTH = range(3, LONGEST_ADDRESS + 1)
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as stored; `number` is the employee number, or a provisional one."""

    account_id: UUID
    number: str
    version: int
    created_at: datetime
    changed_at: datetime
    removed: bool
    laid_over: bool
    active: bool
    resource: Resource
    worker: Mapping[str, str]
    manager_id: UUID | None
    manager_number: str | None = None

    @property
    def tag(self) -> str:
        """The ETag."""
        return f'W/"v{self.version}"'

    @property
    def says_active(self) -> bool:
        """Whether the identity system lets its holder in."""
        return self.active and not self.removed


def provisional(account_id: UUID) -> str:
    """The number of a worker whose employee number nobody has told yet."""
    return f"scim:{account_id}"


def employee_number(resource: Resource) -> str | None:
    """The employee number the identity system gives."""
    return _text(_enterprise(resource).get("employeeNumber"))


def manager(resource: Resource) -> UUID | None:
    """The account of the manager."""
    try:
        return UUID((_enterprise(resource).get("manager") or {}).get("value") or "")
    except ValueError:
        return None


def region(resource: Resource) -> str | None:
    """The region of the address of work."""
    return _text(_work_address(resource).get("region"))


def emails(resource: Resource) -> list[str]:
    """Every address, in lower case, once."""
    values = (_text(entry.get("value")) for entry in resource.get("emails") or ())
    return sorted({value.lower() for value in values if value})


def work_email(resource: Resource) -> str | None:
    """The address of work: of type work, primary ones first; else any; else the user name where it is one."""
    entries = sorted(
        resource.get("emails") or (),
        key=lambda entry: (str(entry.get("type", "")).lower() != "work", not entry.get("primary")),
    )
    candidates = [*(entry.get("value") for entry in entries), resource.get("userName")]
    return next((value for value in candidates if _is_email(value)), None)


def worker(resource: Resource) -> dict[str, str]:
    """What a resource says of a worker, in the words of HR's events; what HR's events could not say is left out."""
    name = resource.get("name") or {}
    address = _work_address(resource)
    said = {
        "given_name": _text(name.get("givenName")),
        "family_name": _text(name.get("familyName")),
        "display_name": _text(resource.get("displayName")) or _text(name.get("formatted")),
        "work_email": work_email(resource),
        "locale": _locale(resource.get("locale")) or _locale(resource.get("preferredLanguage")),
        "time_zone": _time_zone(resource.get("timezone")),
        "employment_type": EMPLOYMENT.get(str(resource.get("userType", "")).lower()),
        "job_title": _text(resource.get("title")),
        "unit_code": _code(_enterprise(resource).get("department")),
        "site_code": _code(address.get("locality")),
        "country": _country(address.get("country")),
    }
    return {field: value for field, value in said.items() if value is not None}


def full_name(said: Mapping[str, Any]) -> str | None:
    """What somebody is called, for comparison; None where nothing is said of it."""
    given, family = said.get("given_name"), said.get("family_name")
    name = f"{given} {family}" if given and family else said.get("display_name")
    return name.casefold() if name else None


def is_complete(said: Mapping[str, str]) -> bool:
    """Whether somebody can be invited under it: a person needs an address and a name."""
    return "work_email" in said and bool({"given_name", "family_name", "display_name"} & said.keys())


def alone(account: Account, *, time_zone: str, country: str) -> WorkerUpserted:
    """The worker an account makes whom HR has not spoken of."""
    said = account.worker
    words = (said.get("display_name") or said["work_email"].partition("@")[0]).split()
    given, family = said.get("given_name") or words[0], said.get("family_name") or words[-1]
    return WorkerUpserted(
        employee_number=account.number,
        sequence_number=UNDATED[1],
        effective_at=UNDATED[0],
        status="active",
        given_name=given,
        family_name=family,
        display_name=said.get("display_name"),
        work_email=said["work_email"],
        locale=said.get("locale", "en"),
        time_zone=said.get("time_zone", time_zone),
        employment_type=said.get("employment_type", "employee"),
        hire_date=account.created_at.date(),
        job_code=UNKNOWN,
        job_title=said.get("job_title", UNKNOWN),
        unit_code=said.get("unit_code", UNKNOWN),
        manager_employee_number=account.manager_number,
        site_code=said.get("site_code", UNKNOWN),
        country=said.get("country", country),
        region=region(account.resource),
    )


def overlay(told: WorkerUpserted, account: Account, precedence: Precedence) -> WorkerUpserted:
    """HR's record with what the identity system says where that counts; it fills what HR leaves open in any case.

    The stricter of the two decides who is here: a disabled account ends work at once, or before it has begun, and an
    enabled one brings nobody back whom HR has seen leave.
    """
    said: dict[str, Any] = {**account.worker}
    if account.manager_number is not None:
        said["manager_employee_number"] = account.manager_number
    if (where := region(account.resource)) is not None:
        said["region"] = where
    changes = {
        field: value for field, value in said.items() if precedence.get(field) == "scim" or getattr(told, field) is None
    }
    if not account.says_active:
        changes["status"] = "left"
    return told.model_copy(update=changes)


def _enterprise(resource: Resource) -> Mapping[str, Any]:
    return resource.get(ENTERPRISE) or {}


def _work_address(resource: Resource) -> Mapping[str, Any]:
    entries: Sequence[Mapping[str, Any]] = resource.get("addresses") or ({},)
    return next((entry for entry in entries if str(entry.get("type", "")).lower() == "work"), entries[0]) or {}


def _text(value: object) -> str | None:
    text = value.strip()[:200] if isinstance(value, str) else ""
    return text or None


def _code(value: object) -> str | None:
    """A text that can be one of HR's codes."""
    text = _text(value)
    return text if text and is_plain(text) else None


def _is_email(value: object) -> bool:
    return isinstance(value, str) and len(value) in EMAIL_LENGTH and EMAIL.fullmatch(value) is not None


def _locale(value: object) -> str | None:
    found = LOCALE.match(value) if isinstance(value, str) else None
    return "-".join(part for part in (found[1], (found[2] or "").upper()) if part) if found else None


def _time_zone(value: object) -> str | None:
    try:
        return ZoneInfo(value).key if isinstance(value, str) else None
    except (KeyError, ValueError, OSError):
        return None


def _country(value: object) -> str | None:
    return value.upper() if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{2}", value) else None
