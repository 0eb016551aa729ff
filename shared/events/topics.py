"""Every topic: who owns it, who reads it, what its key is, how long it is kept."""

from dataclasses import dataclass
from typing import Literal

Service = Literal["directory", "matching", "sessions", "metrics"]
SERVICES: tuple[Service, ...] = ("directory", "matching", "sessions", "metrics")


@dataclass(frozen=True)
class Topic:
    """One topic as code. `full_state`: each record holds all of its key's state, so the latest one wins."""

    name: str
    owner: str
    readers: tuple[Service, ...]
    key: str
    full_state: bool = False
    retention_days: int = 30
    partitions: int = 6
    compaction_lag_days: int = 0
    """How long a superseded record stays readable: HR sends a future-dated state beside the present one."""
    co_writers: tuple[Service, ...] = ()
    """Who else may write: each service its receipts, parts of exports, reconciliations; the directory a tombstone."""


HR_WORKERS = Topic(
    "hr.workers",
    "hr",
    ("directory",),
    "worker id",
    full_state=True,
    compaction_lag_days=7,
    co_writers=("directory",),
)
HR_ORG_UNITS = Topic(
    "hr.org-units", "hr", ("directory",), "unit code", full_state=True, compaction_lag_days=7, partitions=1
)
DIRECTORY_PEOPLE = Topic(
    "directory.people", "directory", ("matching", "sessions", "metrics"), "person id", full_state=True
)
DIRECTORY_CONTACTS = Topic("directory.contacts", "directory", ("sessions",), "person id", full_state=True)
DIRECTORY_UNITS = Topic("directory.units", "directory", ("metrics",), "unit code", full_state=True, partitions=1)
DIRECTORY_SKILLS = Topic(
    "directory.skills", "directory", ("matching", "sessions", "metrics"), "skill id", full_state=True, partitions=1
)
SESSIONS_PROGRAMMES = Topic(
    "sessions.programmes",
    "sessions",
    ("matching", "sessions", "metrics"),
    "programme id",
    full_state=True,
    partitions=1,
)
MATCHING_MATCHES = Topic(
    "matching.matches", "matching", ("sessions", "metrics"), "match, round, request, person or skill id"
)
MATCHING_SHARDS = Topic("matching.shards", "matching", ("matching",), "shard id", retention_days=1, partitions=12)
SESSIONS_SESSIONS = Topic("sessions.sessions", "sessions", ("sessions", "metrics"), "session id")
SESSIONS_PARTICIPATION = Topic("sessions.participation", "sessions", ("directory", "metrics"), "session id")
SESSIONS_FEEDBACK = Topic("sessions.feedback", "sessions", ("metrics",), "programme id", partitions=3)
SESSIONS_LIKENESS = Topic("sessions.likeness", "sessions", ("matching",), "class of likeness", partitions=1)
SESSIONS_KNOWLEDGE = Topic("sessions.knowledge", "sessions", ("sessions", "metrics"), "item id", partitions=3)
OTHERS: tuple[Service, ...] = ("matching", "sessions", "metrics")
PRIVACY_ERASURES = Topic("privacy.erasures", "directory", SERVICES, "person id", partitions=1, co_writers=OTHERS)
PRIVACY_EXPORTS = Topic(
    "privacy.exports", "directory", SERVICES, "person id", retention_days=7, partitions=1, co_writers=OTHERS
)
PRIVACY_HOLDS = Topic(
    "privacy.holds", "directory", ("matching", "sessions", "metrics"), "person id", full_state=True, partitions=1
)
METRICS_RECONCILIATIONS = Topic(
    "metrics.reconciliations",
    "metrics",
    ("metrics",),
    "service",
    partitions=1,
    co_writers=("directory", "matching", "sessions"),
)

TOPICS: tuple[Topic, ...] = (
    HR_WORKERS,
    HR_ORG_UNITS,
    DIRECTORY_PEOPLE,
    DIRECTORY_CONTACTS,
    DIRECTORY_UNITS,
    DIRECTORY_SKILLS,
    SESSIONS_PROGRAMMES,
    MATCHING_MATCHES,
    MATCHING_SHARDS,
    SESSIONS_SESSIONS,
    SESSIONS_PARTICIPATION,
    SESSIONS_FEEDBACK,
    SESSIONS_LIKENESS,
    SESSIONS_KNOWLEDGE,
    PRIVACY_ERASURES,
    PRIVACY_EXPORTS,
    PRIVACY_HOLDS,
    METRICS_RECONCILIATIONS,
)

DEAD_LETTERS: dict[Service, Topic] = {
    service: Topic(f"{service}.dead-letters", service, (), "digest of the key", partitions=1) for service in SERVICES
}
