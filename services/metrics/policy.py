"""Who may do what in metrics: the one table."""

from shared.auth import PUBLIC, ROLES, Policy, allow

READERS = allow("analyst", "programme-owner", "admin")
SIGNED_IN = allow("analyst", "programme-owner", "admin", "operator")
ANYBODY = allow(*ROLES)
SYSTEMS = allow("hr-system", "admin")
"""A learning management system is a system of HR's."""

POLICY: Policy = {
    "GET /v1/measures": allow(*ROLES),
    "GET /v1/measures/{name}": allow("analyst", "programme-owner", "manager", "admin"),
    "GET /v1/goals": READERS,
    "GET /v1/reviews": READERS,
    "POST /v1/reviews": allow("programme-owner", "admin"),
    "PATCH /v1/reviews/{review_id}": allow("programme-owner", "admin"),
    "GET /v1/programmes/{programme_id}/figures": READERS,
    "PUT /v1/programmes/{programme_id}/figures/{name}": allow("programme-owner", "admin"),
    "POST /v1/exports": READERS,
    "GET /v1/exports/{export_id}": READERS,
    "GET /v1/exports/{export_id}/content": READERS,
    "POST /v1/exports/{export_id}/links": READERS,
    "GET /v1/exports/{export_id}/file": PUBLIC,
    "GET /v1/networks": READERS,
    "GET /v1/skills": READERS,
    "GET /v1/culture": READERS,
    "GET /v1/barriers": READERS,
    "GET /v1/knowledge-at-risk": READERS,
    "GET /v1/course-gaps": READERS,
    "GET /v1/report-subscriptions": READERS,
    "POST /v1/report-subscriptions": READERS,
    "DELETE /v1/report-subscriptions/{subscription_id}": READERS,
    "GET /xapi/about": PUBLIC,
    "POST /xapi/statements": SYSTEMS,
    "PUT /xapi/statements": SYSTEMS,
    "GET /v1/query-log": allow(*ROLES),
    "GET /v1/freshness": allow(*ROLES),
    "GET /v1/completeness": allow("operator", "analyst", "admin"),
    "GET /v1/reconciliation": allow("operator", "analyst", "admin"),
    "GET /": READERS,
    "GET /programmes/{programme_id}": READERS,
    "GET /networks": READERS,
    "GET /skills": READERS,
    "GET /knowledge": READERS,
    "GET /pipeline": SIGNED_IN,
    "GET /query-log": ANYBODY,
    "GET /sign-in": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": PUBLIC,
    "GET /unsubscribe/{token}": PUBLIC,
    "POST /unsubscribe/{token}": PUBLIC,
    "GET /style.css": PUBLIC,
    "GET /v1/privacy/catalogue": allow(*ROLES),
    "GET /v1/audit/verification": allow("admin", "operator"),
}
