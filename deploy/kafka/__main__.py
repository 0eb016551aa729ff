"""`python -m deploy.kafka apply`: topics, users and ACLs as the code declares them, on the broker the settings name.

Set the administrator's LATERAL_KAFKA_* and each new user's LATERAL_<SERVICE>_KAFKA_PASSWORD (LATERAL_HR_KAFKA_PASSWORD
for the HR systems); a user without one is not created.
"""

import os
import sys
from typing import Annotated

import typer

from deploy.kafka.apply import Broker, KafkaException, rotate
from deploy.kafka.grants import PRINCIPALS, grants
from shared.settings import Settings, load

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def passwords() -> dict[str, str]:
    """The users' passwords that the environment holds."""
    found = {name: os.environ.get(f"LATERAL_{name.upper()}_KAFKA_PASSWORD", "") for name in PRINCIPALS}
    return {name: password for name, password in found.items() if password}


def _settings() -> Settings:
    return load(Settings, "admin", database_url="postgresql://unused")


@app.command()
def apply(
    dry_run: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
) -> None:
    """Bring the broker to what the code declares; a second run changes nothing."""
    try:
        changes = Broker(_settings(), dry=dry_run).apply(passwords())
    except KafkaException as error:
        typer.echo(f"the broker refuses: {error.args[0]}", err=True)
        raise typer.Exit(1) from error
    typer.echo("\n".join(changes) or "nothing to change")


@app.command(name="rotate")
def rotate_(user: str) -> None:
    """Give a user the password that its variable holds."""
    password = passwords().get(user)
    if password is None:
        typer.echo(f"LATERAL_{user.upper()}_KAFKA_PASSWORD is not set", err=True)
        raise typer.Exit(1)
    rotate(_settings(), user, password)
    typer.echo(f"user {user}: another password")


@app.command(name="grants")
def grants_() -> None:
    """Print who may do what."""
    for grant in sorted(grants()):
        typer.echo(
            f"{grant.principal:<10} {grant.operation:<16} {grant.resource:<8} {grant.name}{'*' * grant.prefixed}"
        )


if __name__ == "__main__":
    sys.exit(app())
