"""A tenth of the race between erasures and events; the whole by `python -m tests.faults.erasures`."""

import pytest

from deploy.local.postgres import Postgres
from shared.settings import Settings
from tests.faults.erasures import Race
from tests.faults.residue import in_databases, on_topics
from tests.faults.town import MARK, opened, services

pytestmark = pytest.mark.real_broker


async def test_nothing_is_left_of_a_hundred_erased_while_five_thousand_events_came(
    postgres: Postgres, on_kafka: Settings
) -> None:
    """Figure 10: after the race, after a replay of everything, and after a restore of what was before."""
    race = Race(postgres, on_kafka.kafka_bootstrap, on_kafka.topic_prefix, 1, 100, 5000)
    await race.run()
    assert race.found == []
    assert race.done["erasures asked for"] + race.done["erasures by HR"] == len(race.ids) == len(race.feed.gone) == 100
    assert race.done["events told by HR"] >= 5000
    async with opened(race.settings["live"]) as dbs:
        everybody = await in_databases(services(), dbs, "qxstay", [])
    assert {"directory.people", "directory.worker_records", "sessions.contacts"} <= {
        found.partition(":")[0] for found in everybody
    }, "the checker finds those who are there"
    assert on_topics(on_kafka.kafka_bootstrap, on_kafka.topic_prefix, "qxstay")
    assert MARK not in str(everybody)
