"""Who may call what. Whose object it is, is decided where the object is at hand."""

from shared.auth import PUBLIC, ROLES, Policy, allow

ANYBODY = allow(*ROLES)
LIBRARIANS = allow("admin", "hr-system")
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
    "GET /v1/skills/detail": ANYBODY,
    "POST /v1/skills": LIBRARIANS,
    "POST /v1/skills/import": LIBRARIANS,
    "POST /v1/skills/imports": LIBRARIANS,
    "GET /v1/skills/imports": LIBRARIANS,
    "GET /v1/skills/imports/{import_id}": LIBRARIANS,
    "GET /v1/skills/imports/{import_id}/lines": LIBRARIANS,
    "POST /v1/skills/merges": LIBRARIANS,
    "POST /v1/skills/deprecations": LIBRARIANS,
    "GET /v1/experts": ANYBODY,
    "GET /v1/people/{person_id}/skills": ANYBODY,
    "POST /v1/people/{person_id}/skills": PEOPLE,
    "DELETE /v1/people/{person_id}/skills": PEOPLE,
    "POST /v1/people/{person_id}/assessments": LIBRARIANS,
    "GET /v1/people/{person_id}/contributions": PEOPLE,
    "GET /v1/people/{person_id}/badge": PEOPLE,
    "GET /v1/badges/issuer": PUBLIC,
    "GET /v1/badges/jwks": PUBLIC,
    "GET /v1/badges/keys/{kid}": PUBLIC,
    "GET /v1/job-profiles": ANYBODY,
    "GET /v1/job-profiles/{job_code}": ANYBODY,
    "PUT /v1/job-profiles/{job_code}": LIBRARIANS,
    "DELETE /v1/job-profiles/{job_code}": LIBRARIANS,
    "GET /v1/facilitation/checklist": ANYBODY,
    "PUT /v1/facilitation/checklist": allow("admin"),
    "GET /v1/people/{person_id}/readiness": PEOPLE,
    "PUT /v1/people/{person_id}/readiness/{code}": PEOPLE,
    "DELETE /v1/people/{person_id}/readiness/{code}": PEOPLE,
    "POST /v1/trainings/completions": LIBRARIANS,
}
