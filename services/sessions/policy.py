"""Who may call what; whose object it is, is for commands and queries to say."""

from shared.auth import PUBLIC, ROLES, Policy, allow

EVERYBODY = allow(*ROLES)
PEOPLE = allow("employee", "facilitator", "manager", "programme-owner", "admin")
OPERATORS = allow("operator", "admin")
OWNERS = allow("programme-owner", "admin")

POLICY: Policy = {
    "GET /v1/formats": EVERYBODY,
    "POST /v1/formats": OWNERS,
    "GET /v1/formats/{name}/playbook": EVERYBODY,
    "PUT /v1/formats/{name}/playbook": OWNERS,
    "GET /v1/method-advice": EVERYBODY,
    "POST /v1/programmes": OWNERS,
    "GET /v1/programmes": allow("employee", "facilitator", "manager", "programme-owner", "analyst", "admin"),
    "GET /v1/programmes/{programme_id}": allow(
        "employee", "facilitator", "manager", "programme-owner", "analyst", "admin"
    ),
    "PATCH /v1/programmes/{programme_id}": OWNERS,
    "POST /v1/programmes/{programme_id}/publish": OWNERS,
    "POST /v1/programmes/{programme_id}/close": OWNERS,
    "GET /v1/programmes/{programme_id}/health": allow("programme-owner", "analyst", "admin"),
    "GET /v1/programmes/{programme_id}/audience": OWNERS,
    "GET /v1/availability": PEOPLE,
    "PUT /v1/availability": PEOPLE,
    "GET /v1/groups": PEOPLE,
    "GET /v1/groups/{group_id}": PEOPLE,
    "POST /v1/groups/{group_id}/acknowledgements": PEOPLE,
    "GET /v1/sessions": PEOPLE,
    "GET /v1/sessions/{session_id}": PEOPLE,
    "POST /v1/sessions/{session_id}/rsvp": PEOPLE,
    "PUT /v1/sessions/{session_id}/attendance": PEOPLE,
    "POST /v1/sessions/{session_id}/feedback": PEOPLE,
    "GET /v1/sessions/{session_id}/feedback": allow("employee", "facilitator", "programme-owner"),
    "GET /v1/sessions/{session_id}/invitation.ics": PEOPLE,
    "POST /v1/calendar-feeds": PEOPLE,
    "GET /v1/calendar-feeds/{token}.ics": PUBLIC,
    "GET /v1/privacy/catalogue": EVERYBODY,
    "DELETE /v1/calendar-feeds": PEOPLE,
    "POST /v1/calendar-replies": OPERATORS,
    "GET /v1/calendar-replies": OPERATORS,
    "POST /v1/chat/slack": PUBLIC,
    "POST /v1/chat/teams": PUBLIC,
    "GET /v1/preferences": PEOPLE,
    "PUT /v1/preferences": PEOPLE,
    "GET /v1/messages": OPERATORS,
    "POST /v1/messages/{message_id}/retry": OPERATORS,
}
