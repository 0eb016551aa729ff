"""Older releases of this code, unpacked from the repository; the first one beside this one's register, under load."""

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.rig import SOME, Member, eventually
from tests.faults.site import Site, guest

ROOT = Path(__file__).resolve().parents[2]
PREVIOUS = ROOT / "deploy/previous-release"
"""Names the commit beside which this release is rolled out: renewed with each release."""
ROOMS = ("shared", "services", "deploy")


async def an_older_release_works_beside_this_one(site: Site) -> None:
    """The first release's code, as API and worker, on this release's schema and events; and this one on its events."""
    if not whole_history():
        pytest.skip("a shallow clone has no first release")
    first = git("rev-list", "--max-parents=0", "HEAD")
    assert first != git("rev-parse", "HEAD")
    with code_of(first, rooms=ROOMS[:2]) as path:
        folder = str(path)
        (path / "tests").symlink_to(ROOT / "tests")
        (path / "deploy").symlink_to(ROOT / "deploy")
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


@contextmanager
def previous_release() -> Iterator[Path]:
    """Where the code of the previous release lies while the block runs."""
    if not whole_history():
        pytest.skip("a shallow clone has no older release")
    with code_of(PREVIOUS.read_text("ascii").strip()) as folder:
        yield folder


@contextmanager
def code_of(commit: str, rooms: tuple[str, ...] = ROOMS) -> Iterator[Path]:
    """A folder with these rooms as a commit has them."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "code.tar"
        git("archive", "--output", str(archive), commit, *rooms)
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        yield Path(folder)


def whole_history() -> bool:
    """Whether older commits are here at all."""
    return git("rev-parse", "--is-shallow-repository") == "false"


async def _counts(member: Member, metric: str) -> bool:
    return await member.counts(metric) > 0


def git(*words: str) -> str:
    """What git answers here."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
