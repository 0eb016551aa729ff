"""Who may do what on the broker, worked out from the declared topics: a pure function of the contract."""

from typing import Literal, NamedTuple

from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS

HR = "hr"
"""The principal of the HR systems, which only write."""
PRINCIPALS = (*SERVICES, HR)


class Grant(NamedTuple):
    """One right of one principal; `prefixed` means every name that begins so."""

    principal: str
    resource: Literal["topic", "group", "cluster"]
    name: str
    operation: Literal["read", "write", "describe", "idempotent_write"]
    prefixed: bool = False


def grants(prefix: str = "") -> set[Grant]:
    """Write to what one owns, read what one is named a reader of, nothing else. `prefix` is the topics' own."""
    found: set[Grant] = set()
    for topic in (*TOPICS, *DEAD_LETTERS.values()):
        name = f"{prefix}{topic.name}"
        writers, readers = {topic.owner, *topic.co_writers}, set(topic.readers)
        found |= {Grant(each, "topic", name, "write") for each in writers}
        found |= {Grant(each, "topic", name, "read") for each in readers}
        found |= {Grant(each, "topic", name, "describe") for each in writers | readers}
    for service in SERVICES:
        found.add(Grant(service, "group", f"{prefix}{service}", "read", prefixed=True))
    found |= {Grant(each, "cluster", "kafka-cluster", "idempotent_write") for each in PRINCIPALS}
    return found
