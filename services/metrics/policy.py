"""Who may do what in metrics: the one table."""

from shared.auth import PUBLIC, ROLES, Policy, allow

READERS = allow("analyst", "programme-owner", "admin")

POLICY: Policy = {
    "GET /v1/measures": allow(*ROLES),
    "GET /v1/measures/{name}": allow("analyst", "programme-owner", "manager", "admin"),
    "GET /v1/goals": READERS,
    "GET /v1/reviews": READERS,
    "POST /v1/reviews": allow("programme-owner", "admin"),
    "PATCH /v1/reviews/{review_id}": allow("programme-owner", "admin"),
    "GET /v1/freshness": allow(*ROLES),
    "GET /v1/completeness": allow("operator", "analyst", "admin"),
    "GET /v1/reconciliation": allow("operator", "analyst", "admin"),
    "GET /": READERS,
    "GET /sign-in": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": PUBLIC,
    "GET /style.css": PUBLIC,
    "GET /v1/privacy/catalogue": allow(*ROLES),
}
