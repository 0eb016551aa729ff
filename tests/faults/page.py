"""What a long run has done and found, as a page of evidence."""

import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from tests.faults.history import Anomaly
from tests.faults.rig import Rig


def page(
    title: str, command: str, seconds: float, done: Mapping[str, int], rig: Rig, anomalies: Sequence[Anomaly]
) -> str:
    """What was done how often, what clients were answered, and every anomaly."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    lines = [
        f"# {title}",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()}, {seconds / 60:.0f} minutes.",
        "Two cores; three Apache Kafka brokers, one PostgreSQL, two APIs, two workers, clients that never give up.",
        "",
        f"{rig.succeeded} operations acknowledged, {sum(done.values())} times harm done, {len(anomalies)} anomalies;",
        f"{rig.restarted} workers had given up and were restarted;",
        f"the longest recovery took {max(rig.recoveries, default=0.0):.0f} s.",
        "",
        "| What | Times |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {count} |" for name, count in sorted(done.items())),
        "",
        "| Answer | Times |",
        "|---|---|",
        *(f"| {status or 'none: the connection broke'} | {count} |" for status, count in sorted(rig.answers.items())),
        *(f"\n{anomaly}" for anomaly in anomalies[:50]),
    ]
    return "\n".join(lines) + "\n"


def tell(text: str, record: Path | None) -> None:
    """Print it, and write it where it is wanted."""
    typer.echo(text)
    if record:
        record.write_text(text, "utf-8")
