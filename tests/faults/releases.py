"""The first release beside this one: two versions of the code on one schema and one topic, under load."""

import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.faults.rig import SOME, Member, eventually
from tests.faults.site import Site, guest

ROOT = Path(__file__).resolve().parents[2]


async def an_older_release_works_beside_this_one(site: Site) -> None:
    """The first release's code, as API and worker, on this release's schema and events; and this one on its events."""
    with tempfile.TemporaryDirectory() as folder:
        first = _git("rev-list", "--max-parents=0", "HEAD")
        if _git("rev-parse", "--is-shallow-repository") == "true":
            pytest.skip("a shallow clone has no first release")
        assert first != _git("rev-parse", "HEAD")
        archive = Path(folder) / "first.tar"
        _git("archive", "--output", str(archive), first, "shared", "services")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        (Path(folder) / "tests").symlink_to(ROOT / "tests")
        (Path(folder) / "deploy").symlink_to(ROOT / "deploy")
        before = dict(site.rig.answers)
        async with (
            guest(site, "api", PYTHONPATH=folder, folder=folder) as api,
            guest(site, "worker", PYTHONPATH=folder, folder=folder) as worker,
        ):
            await site.rig.acknowledged(4 * SOME)
            await eventually(lambda: site.rig.served[api.port] > SOME // 2)
            await eventually(lambda: _counts(worker, "lateral_consumer_records_total"))
            site.rig.leaving.add(api.port)  # it does not drain by itself yet: a balancer takes it out first
            await eventually(lambda: not site.rig.under_way[api.port])
            assert (await worker.stop(), await api.stop()) == (0, 0)
        seen = {status for status, count in site.rig.answers.items() if count > before.get(status, 0)}
        assert seen <= {201, 503}, (
            seen,
            site.rig.broken[-5:],
            api.port,
        )  # a machine with more to do than it can may say `come again`, and nothing else


async def _counts(member: Member, metric: str) -> bool:
    return await member.counts(metric) > 0


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
