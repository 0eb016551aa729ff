"""A database server is lost and its standby promoted under load: what was acknowledged is there."""

import os
import signal

import asyncpg
import pytest

from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from tests.faults.rig import SOME
from tests.faults.site import standing

pytestmark = pytest.mark.real_broker
STREAMING = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}


async def test_a_promoted_standby_has_all_that_was_acknowledged(
    cluster: KafkaCluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Row 14."""
    primary, standby = (
        Postgres(tmp_path_factory.mktemp(name), free_port(), options=STREAMING) for name in ("primary", "standby")
    )
    async with primary, standing(cluster, primary, "promoted-") as site:
        await standby.follow(primary)
        async with standby:
            await _execute(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
            async with site.rig.load():
                await site.rig.acknowledged(SOME)
                os.kill(primary.child.pid, signal.SIGQUIT)
                site.proxy.target = standby.port
                site.proxy.reset()
                await site.rig.acknowledged(0)
                await _execute(standby, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_promote()")
                await site.rig.acknowledged(2 * SOME)
            assert site.rig.answers.keys() <= {0, 201, 503}
            assert await site.rig.anomalies() == []
            await site.rig.stop()
    primary.remove()
    standby.remove()


async def _execute(server: Postgres, *statements: str) -> None:
    conn = await asyncpg.connect(server.dsn())
    for statement in statements:
        await conn.execute(statement)
    await conn.close()
