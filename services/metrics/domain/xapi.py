"""Participation as xAPI statements (1.0.3; IEEE 9274.1.1): pseudonyms, days, and ids that a repetition finds again."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID, uuid5

from shared.events.sessions import ParticipationChanged

Version = Literal["1.0.3", "2.0.0"]
VERSION_HEADER = "X-Experience-API-Version"
NAMESPACE = UUID("6f1d54a0-5f0b-5c66-9d0a-5a6f3c1f2b7e")
"""Of our statements' ids (RFC 9562, version 5)."""
ADL = "http://adlnet.gov/expapi"
VERBS: Mapping[str, str] = {
    "registered": f"{ADL}/verbs/registered",
    "attended": f"{ADL}/verbs/attended",
    "commented": f"{ADL}/verbs/commented",
    "shared": f"{ADL}/verbs/shared",
    "voided": f"{ADL}/verbs/voided",
}
"""Those without a well-known name are ours: `<home>/xapi/verbs/<verb>`."""
TIMED = frozenset({"attended", "facilitated"})
STAYS = frozenset({"registered"})
"""Whoever did not come has registered all the same."""


def statement_id(event_id: str, verb: str) -> UUID:
    """The id of what an event says by this verb: the same however often it is sent."""
    return uuid5(NAMESPACE, f"{event_id}/{verb}")


def voiding_id(statement: UUID) -> UUID:
    """The id of the statement that voids another."""
    return uuid5(NAMESPACE, f"{statement}/voided")


def verbs(part: ParticipationChanged) -> list[str]:
    """What is told of somebody's part; nothing of whoever stayed away, and never why."""
    if part.state == "registered":
        return ["registered"]
    if part.state != "attended":
        return []
    did = {
        "facilitated" if part.role == "facilitator" else "attended": True,
        "taught": part.taught,
        "shared": part.shared,
        "commented": part.asked + part.challenged + part.summarised,
    }
    return [verb for verb, times in did.items() if times]


def statement(told: Mapping[str, Any], home: str) -> dict[str, Any]:
    """A statement as it is sent: about a programme and a day, not about a session and an hour."""
    body = {"id": str(told["statement_id"]), "verb": _verb(told["verb"], home)}
    if told["voids"]:
        actor = {"objectType": "Agent", "account": {"homePage": home, "name": "lateral"}}
        return {**body, "actor": actor, "object": {"objectType": "StatementRef", "id": str(told["voids"])}}
    timed = {"result": {"duration": f"PT{told['minutes']}M"}} if told["verb"] in TIMED else {}
    return {
        **body,
        **timed,
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": str(told["actor"])}},
        "object": {
            "objectType": "Activity",
            "id": f"{home}/programmes/{told['programme_id']}",
            "definition": {"type": f"{ADL}/activities/meeting", "name": {"en": told["programme"]}},
        },
        "context": {
            "platform": "Lateral",
            "contextActivities": {"category": [{"objectType": "Activity", "id": f"{home}/formats/{told['format']}"}]},
        },
        "timestamp": f"{told['day']}T00:00:00Z",
    }


def _verb(name: str, home: str) -> dict[str, Any]:
    return {"id": VERBS.get(name, f"{home}/xapi/verbs/{name}"), "display": {"en": name}}
