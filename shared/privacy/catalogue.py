"""What is held of people, why and for how long, as data: one entry a table, readable by a works council."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.privacy.fields import CHASSIS as CHASSIS_FIELDS

DataClass = Literal[
    "identity", "profile", "participation", "matching", "feedback", "aggregate", "reference", "operations", "audit"
]

RETENTION_DAYS: Mapping[str, int | None] = {
    "identity": 395,
    "profile": 395,
    "participation": 395,
    "matching": 395,
    "feedback": 365,
    "aggregate": 1826,
    "reference": None,
    "operations": 35,
    "audit": 2557,
}
"""Days after which a row of the class goes; None keeps it while it is used. `LATERAL_RETENTION_DAYS` overrides."""

MEANING: Mapping[str, str] = {
    "identity": "Who a person is: name, address, employee number, place in the organization. Days count from leaving.",
    "profile": "What a person has said of themselves, and pseudonymous copies of it. Goes with the person.",
    "participation": "Which sessions a person was asked to, took part in and contributed to.",
    "matching": "Who was proposed to whom, with which reasons and answers.",
    "feedback": "What was answered, apart from who answered.",
    "aggregate": "Counts and sums that name nobody.",
    "reference": "Units, skills, programmes, rules: about the organization, not about people.",
    "operations": "What delivery and HTTP need for a while: events on their way, saved replies, dead letters.",
    "audit": "Who did what to what, as ids; append-only.",
}


READERS: Mapping[str, str] = {
    "identity": "The person, HR systems and administrators; colleagues see name, unit, site, job and offers.",
    "profile": "The person, HR systems and administrators; what is published of it, by who may read that.",
    "participation": "The person, and whoever leads the group; others read counts.",
    "matching": "Those who were proposed to each other, with the reasons; programme owners read counts.",
    "feedback": "Who it is for, once enough have answered; nobody reads who said what.",
    "aggregate": "Analysts and programme owners, where groups are large enough.",
    "reference": "Everybody in the organization.",
    "operations": "The software itself; operators read it without what is sealed.",
    "audit": "Operators and administrators.",
}
"""Who reads what is held, by class."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: why it exists, whose rows these are, and when they go."""

    name: str
    purpose: str
    data_class: DataClass
    about: str | None = None
    """SQL: whether a row is about the person $1; such rows are handed over to them."""
    mentions: tuple[str, ...] = ()
    """Columns that name people the row is not about: cleared when those are erased, never handed over to them."""
    withheld: tuple[str, ...] = ()
    """Columns left out of what is handed over: secrets, and what is about somebody else."""
    private: tuple[str, ...] = ()
    """Columns that only the person reads."""
    aged: str | None = None
    """SQL: whether a row is older than the moment $1; None where the row goes with the person or another row."""
    remembers_erased: bool = False
    """It exists so that the erased stay away, and therefore outlives them."""

    def read_by(self, column: str) -> str:
        """Who reads a column."""
        if column in self.private:
            return "The person alone."
        if column in self.withheld:
            return "Left out of every copy: a secret, or about somebody else."
        return READERS[self.data_class]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tables of one service, with the chassis's."""

    service: str
    own: tuple[Table, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    """What columns are for, by name, where their own comment does not say so."""

    def purpose_of(self, table: Table, column: str, comment: str | None) -> str:
        """What a column is for: its comment, what columns of this name are for, or what the table is."""
        return comment or self.fields.get(column) or CHASSIS_FIELDS.get(column) or table.purpose

    @property
    def tables(self) -> tuple[Table, ...]:
        """The service's tables, then the chassis's."""
        return (*self.own, *CHASSIS)


def own(column: str) -> str:
    """A row is about the person its column names."""
    return f"{column} = $1"


def among(column: str) -> str:
    """A row is about everybody its array names."""
    return f"$1 = ANY ({column})"


def older(column: str) -> str:
    """A row ages by its own moment or day."""
    return f"{column} < $1"


CHASSIS = (
    Table("outbox", "Events on their way to Kafka, kept a week for a broker that lost its data.", "operations"),
    Table("inbox", "Ids of events handled, so that each has one effect.", "operations"),
    Table(
        "dead_letters",
        "Records that could not be handled, with the reason, until an operator has decided.",
        "operations",
        aged="state <> 'open' AND closed_at < $1",
    ),
    Table(
        "subject_keys",
        "Keys that seal dead letters, under digests of what these are keyed by; destroyed by an erasure.",
        "operations",
        # Where the key is gone, the digest keeps later records of the erased away.
        aged="secret IS NOT NULL AND used_at < $1"
        " AND NOT EXISTS (SELECT FROM dead_letters WHERE sealed_for = subject_keys.subject)",
    ),
    Table("parked_keys", "Keys whose later events wait behind a dead letter.", "operations"),
    Table("consumer_stops", "Consumers that wait for an operator.", "operations"),
    Table("reconciled", "How far each topic was compared, event by event, with what was applied.", "operations"),
    Table("reconciliations", "What each service has found when it compared each topic.", "operations"),
    Table("unapplied", "Ids of events that were found on a topic and nowhere else.", "operations"),
    Table("consumed_positions", "How far each topic was read.", "operations"),
    Table("ingested", "Records read, by topic and day.", "operations"),
    Table("produced", "Records the broker holds, by topic and day.", "operations"),
    Table("idempotency_keys", "Replies saved for a day, so that a repeated request has one effect.", "operations"),
    Table("audit", "Who did what to what.", "audit"),
    Table("audit_chain", "Hashes that show any change to the audit trail.", "audit"),
    Table("audit_salts", "What opens the digests of states in the trail; goes with whomever a state names.", "audit"),
    Table("schema_migrations", "Which migrations have run.", "operations"),
    Table("legal_holds", "People whose data must be kept for a legal reason.", "reference", about=own("person_id")),
    Table("purges", "What retention has removed.", "operations"),
)
