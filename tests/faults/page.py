"""What a long run has done and found, as a page of evidence."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import typer

from tests.faults.history import Anomaly
from tests.faults.rig import Rig


def page(title: str, command: str, seconds: float, rig: Rig, anomalies: Sequence[Anomaly]) -> str:
    """What was done how often, how long the return took, what clients were answered, and every anomaly."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    lines = [
        f"# {title}",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()}, {seconds / 60:.0f} minutes.",
        "Two cores; three Apache Kafka brokers, one PostgreSQL, two APIs, two workers, clients that never give up.",
        "",
        f"{rig.succeeded} operations acknowledged, {rig.harm.total()} times harm counted, {len(anomalies)} anomalies;",
        f"{rig.restarted} workers had given up and were restarted;",
        f"the longest recovery took {max(rig.recoveries, default=0.0):.0f} s.",
        "",
        "| Nemesis | Times |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {count} |" for name, count in sorted(rig.struck.items())),
        "",
        "| Harm | Times |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {count} |" for name, count in sorted(rig.harm.items())),
        "",
        "| Seconds until | Median | Longest |",
        "|---|---|---|",
        *(f"| {what} | {median(took):.1f} | {max(took):.1f} |" for what, took in sorted(rig.took.items())),
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
