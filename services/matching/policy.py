"""Who may call what. Whose match it is decides the rest, in queries and commands."""

from shared.auth import ROLES, Policy, allow

SEE_ALL = ("programme-owner", "admin")
ANYBODY = ("employee", "facilitator", "manager", *SEE_ALL)

POLICY: Policy = {
    "POST /v1/rounds": allow(*SEE_ALL),
    "GET /v1/rounds": allow("analyst", *SEE_ALL),
    "GET /v1/rounds/{round_id}": allow("analyst", *SEE_ALL),
    "GET /v1/rounds/{round_id}/unmatched": allow(*SEE_ALL),
    "GET /v1/rounds/{round_id}/parity": allow("analyst", *SEE_ALL),
    "POST /v1/rounds/{round_id}/publish": allow(*SEE_ALL),
    "POST /v1/rounds/{round_id}/discard": allow(*SEE_ALL),
    "POST /v1/rounds/{round_id}/replay": allow("analyst", *SEE_ALL),
    "GET /v1/programmes/{programme_id}/rules": allow("analyst", *SEE_ALL),
    "PATCH /v1/programmes/{programme_id}/rules": allow(*SEE_ALL),
    "GET /v1/programmes/{programme_id}/rules/versions": allow("analyst", *SEE_ALL),
    "POST /v1/programmes/{programme_id}/rules/simulations": allow(*SEE_ALL),
    "GET /v1/matches": allow(*ANYBODY),
    "GET /v1/matches/{match_id}": allow(*ANYBODY),
    "POST /v1/matches/{match_id}/accept": allow(*ANYBODY),
    "POST /v1/matches/{match_id}/decline": allow(*ANYBODY),
    "GET /v1/people/{person_id}/suggestions": allow(*ANYBODY),
    "POST /v1/people/{person_id}/suggestions/{colleague_id}/ask": allow(*ANYBODY),
    "GET /v1/people/{person_id}/unmatched": allow(*ANYBODY),
    "GET /v1/people/{person_id}/not-asked": allow(*ANYBODY),
    "GET /v1/people/{person_id}/introductions": allow(*ANYBODY),
    "POST /v1/people/{person_id}/introductions/{colleague_id}/met": allow(*ANYBODY),
    "POST /v1/help-requests": allow(*ANYBODY),
    "GET /v1/help-requests": allow(*ANYBODY),
    "GET /v1/help-requests/{request_id}": allow(*ANYBODY),
    "POST /v1/help-requests/{request_id}/offer": allow(*ANYBODY),
    "POST /v1/help-requests/{request_id}/pass": allow(*ANYBODY),
    "POST /v1/help-requests/{request_id}/accept": allow(*ANYBODY),
    "POST /v1/help-requests/{request_id}/decline": allow(*ANYBODY),
    "POST /v1/help-requests/{request_id}/withdraw": allow(*ANYBODY),
    "GET /v1/help-figures": allow("analyst", *SEE_ALL),
    "GET /v1/knowledge-at-risk": allow(*SEE_ALL),
    "GET /v1/privacy/catalogue": allow(*ROLES),
    "GET /v1/audit/verification": allow("admin", "operator"),
}
