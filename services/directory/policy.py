"""Who may call what. Whose object it is, is decided where the object is at hand."""

from shared.auth import ROLES, Policy, allow

ANYBODY = allow(*ROLES)
PEOPLE = allow(*(ROLES - {"hr-system", "operator"}))
OPERATORS = allow("operator", "admin")

POLICY: Policy = {
    "GET /v1/people": ANYBODY,
    "GET /v1/people/{person_id}": ANYBODY,
    "GET /v1/people/{person_id}/history": ANYBODY,
    "GET /v1/people/{person_id}/history/{day}": ANYBODY,
    "GET /v1/holds": OPERATORS,
    "GET /v1/holds/{hold_id}": OPERATORS,
    "GET /v1/holds/{hold_id}/people": OPERATORS,
    "POST /v1/holds/{hold_id}/approve": OPERATORS,
    "POST /v1/holds/{hold_id}/reject": OPERATORS,
    "PATCH /v1/people/{person_id}/profile": PEOPLE,
    "POST /v1/people/{person_id}/erasure": allow("admin"),
    "GET /v1/erasures/{request_id}": allow("admin"),
    "GET /v1/units": ANYBODY,
    "GET /v1/units/{code}": ANYBODY,
    "GET /v1/skills": ANYBODY,
    "POST /v1/skills/import": allow("admin", "hr-system"),
}
