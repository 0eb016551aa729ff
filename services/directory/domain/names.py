"""What tells workers, units and accounts apart: each of these is plain, or it is refused by its field."""

from collections.abc import Mapping
from typing import Any

from services.directory.domain.account import emails, employee_number
from services.directory.domain.plain import check_code
from shared.events.hr import OrgUnitUpserted, WorkerUpserted


def check_worker(record: WorkerUpserted) -> None:
    """What tells workers and their places apart. Raises UnclearCode."""
    _check(
        ("employeeNumber", record.employee_number),
        ("managerEmployeeNumber", record.manager_employee_number),
        ("unitCode", record.unit_code),
        ("workEmail", record.work_email),
        ("jobCode", record.job_code),
        ("siteCode", record.site_code),
    )


def check_unit(unit: OrgUnitUpserted) -> None:
    """What tells units apart. Raises UnclearCode."""
    _check(
        ("code", unit.code),
        ("parentCode", unit.parent_code),
        ("headEmployeeNumber", unit.head_employee_number),
    )


def check_account(resource: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
    """What tells accounts apart, but for what is `known`: whoever has it must be let out. Raises UnclearCode."""
    before = set(_names(known or {}))
    _check(*(each for each in _names(resource) if each not in before))


def _names(resource: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [
        ("userName", resource.get("userName")),
        ("externalId", resource.get("externalId")),
        ("employeeNumber", employee_number(resource)),
        *(("emails", address) for address in emails(resource)),
    ]


def _check(*named: tuple[str, str | None]) -> None:
    for field, code in named:
        check_code(field, code)
