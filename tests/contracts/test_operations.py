"""Alerts, dashboard and runbook speak of metrics that exist; each alert is fired once and kept silent once."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client import REGISTRY

from shared import telemetry

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/lateral.json").read_text("utf-8"))
RUNBOOK = (ROOT / "docs/operations.md").read_text("utf-8")
REQUESTS = "http_server_request_duration_seconds"
OF_PROMETHEUS = {"up", "ALERTS"}
WORDS = {"and", "or", "unless", "bool", "offset"}
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not here (Debian has it in the package prometheus)"
)

Rule = dict[str, Any]


def rules(kind: str) -> dict[str, Rule]:
    """All alerts or all recording rules by name."""
    groups = (group for path in RULES for group in yaml.safe_load(path.read_text("utf-8"))["groups"])
    return {rule[kind]: rule for group in groups for rule in group["rules"] if kind in rule}


ALERTS = rules("alert")
RECORDED = rules("record")


PANELS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXPRESSIONS = [*(rule["expr"] for rule in (*ALERTS.values(), *RECORDED.values())), *PANELS]


def metrics(expression: str) -> set[str]:
    """The metrics a PromQL expression reads: names that are no function, keyword, label or duration."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)|\boffset \w+", " ", expression)
    names = set(re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\()\b", bare))
    return {name for name in names if not re.search(rf"\b{name}\s*\(", bare)} - WORDS


def test_every_metric_that_is_read_is_one_we_count() -> None:
    counted = set(REGISTRY._names_to_collectors)
    assert telemetry.OUTBOX_AGE in set(REGISTRY._names_to_collectors.values())
    for expression in EXPRESSIONS:
        assert metrics(expression)
        assert metrics(expression) <= counted | OF_PROMETHEUS | RECORDED.keys(), expression


def test_a_bound_of_a_bucket_is_one_the_histogram_has() -> None:
    bounds = {str(float(bound)) for bound in telemetry.SLOW}
    assert {bound for each in EXPRESSIONS for bound in re.findall(r'\ble="([^"]+)"', each)} <= bounds


def test_every_alert_has_a_row_in_the_runbook_and_no_row_is_stale() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", RUNBOOK, re.MULTILINE)) == ALERTS.keys()
    for rule in ALERTS.values():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert (ROOT / rule["annotations"]["runbook"]).is_file()


def test_the_dashboard_shows_what_the_house_is_run_by() -> None:
    shown = {name for each in PANELS for name in metrics(each)}
    assert {f"{REQUESTS}_count", "service:http_errors:ratio5m", "service:http_reads_seconds:p99"} <= shown
    assert {"lateral_outbox_oldest_age_seconds", "lateral_consumer_lag_records"} <= shown
    assert {"lateral_consumer_event_age_seconds_bucket", "lateral_dlq_open", "lateral_reconcile_missing"} <= shown
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@promtool
def test_prometheus_accepts_configuration_rules_and_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    panels = [each.replace("$__rate_interval", "5m").replace("$service", ".*") for each in PANELS]
    group = {"name": "panels", "rules": [{"record": f"panel:{n}", "expr": each} for n, each in enumerate(panels)]}
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [group]}), "utf-8")
    run("check", "config", str(ROOT / "deploy/prometheus/prometheus.yml"))
    run("check", "rules", *map(str, RULES), str(tmp_path / "panels.yml"))


class Case(NamedTuple):
    """Series that fire an alert at `at`, and series that very nearly do."""

    at: str
    fires: Mapping[str, str]
    silent: Mapping[str, str]
    labels: Mapping[str, str] = {"service": "sessions"}
    step: int = 1
    """Minutes from sample to sample."""


S = 'service="sessions"'


def answers(good: str, bad: str) -> dict[str, str]:
    labels = f'{S},role="api",route="/v1/sessions",method="GET"'
    return {f'{REQUESTS}_count{{{labels},status="{code}"}}': values for code, values in (("200", good), ("500", bad))}


def durations(method: str, quick: int, slow: int) -> dict[str, str]:
    """Requests a minute within 100 ms, and further ones within a second."""
    totals = {"0.1": quick, "1.0": quick + slow, "+Inf": quick + slow}
    labels = f'{S},route="/v1/sessions",method="{method}",status="200"'
    return {f'{REQUESTS}_bucket{{{labels},le="{le}"}}': f"0+{n}x30" for le, n in totals.items()}


def ages(timely: str, total: str) -> dict[str, str]:
    name, topic = "lateral_consumer_event_age_seconds", f'{S},topic="matching.matches"'
    return {f'{name}_bucket{{{topic},le="5.0"}}': timely, f"{name}_count{{{topic}}}": total}


def timer(failed: str, done: str) -> dict[str, str]:
    labels = f'{S},timer="audit-seal"'
    return {f'lateral_timer_runs_total{{{labels},outcome="{o}"}}': v for o, v in (("failed", failed), ("done", done))}


def gauge(name: str, fires: str, silent: str, at: str) -> Case:
    return Case(at, {f'{name}{{{S},role="worker"}}': fires}, {f'{name}{{{S},role="worker"}}': silent})


def lagging(lag: str, progress: str) -> dict[str, str]:
    """Progress as a clock that shows the time in seconds: `0+60x60` is a consumer that always has just applied."""
    return {
        f'lateral_consumer_lag_records{{{S},topic="hr.workers",partition="0"}}': lag,
        f"lateral_consumer_last_progress_timestamp_seconds{{{S}}}": progress,
    }


def outbox(age: str, leader: str) -> dict[str, str]:
    values = {"oldest_age_seconds": age, "relay_leader": leader}
    return {f'lateral_outbox_{name}{{{S},role="worker",instance="a"}}': each for name, each in values.items()}


def missing(records: str, lag: str) -> dict[str, str]:
    return {
        f"lateral_reconcile_missing{{{S}}}": records,
        f'lateral_consumer_lag_records{{{S},topic="hr.workers",partition="0"}}': lag,
    }


UP = f'up{{job="lateral",{S},role="worker"}}'
LEADER = f'lateral_outbox_relay_leader{{{S},role="worker"}}'

CASES = {
    # 2 % of errors, against 2 % that have stopped a while ago.
    "ApiErrorBudgetBurn1h": Case("1h30m", answers("0+98x90", "0+2x90"), answers("0+98x90", "0+2x78 156x12")),
    "ApiErrorBudgetBurn6h": Case("8h", answers("0+99x96", "0+1x96"), answers("0+99x96", "0+1x88 88x8"), step=5),
    "ApiErrorBudgetBurn1d": Case("8h", answers("0+199x96", "0+1x96"), answers("0+199x96", "0+1x60 60x36"), step=5),
    "ApiErrorBudgetBurn3d": Case("8h", answers("0+499x96", "0+1x96"), answers("0+4999x96", "0+1x96"), step=5),
    "ApiReadsSlow": Case("30m", durations("GET", 90, 10), durations("POST", 90, 10)),
    "ApiWritesSlow": Case("30m", durations("PATCH", 90, 10), durations("PATCH", 999, 1)),
    "FreshnessBudgetBurn1h": Case("1h30m", ages("0+80x90", "0+100x90"), ages("0+90x90", "0+100x90")),
    "FreshnessBudgetBurn1d": Case("8h", ages("0+95x96", "0+100x96"), ages("0+98x96", "0+100x96"), step=5),
    # A relay that has led until just now counts; one that led long ago shows an age that is no longer true.
    "OutboxNotDraining": Case("10m", outbox("61x10", "1x8 0x2"), outbox("61x10", "1 0x10")),
    "OutboxPublishingFails": Case(
        "20m",
        {f'lateral_outbox_publish_failures_total{{{S},reason="KafkaConnectionError"}}': "0+2x20"},
        {f'lateral_outbox_publish_failures_total{{{S},reason="KafkaConnectionError"}}': "0x12 3x8"},
    ),
    "RelayLeaderCount": gauge("lateral_outbox_relay_leader", "1x5 0x5", "1x8 0 1", "9m"),
    "ConsumerStopped": gauge("lateral_consumer_stopped", "0x5 1x5", "0x10", "9m"),
    "ConsumerStalled": Case("20m", lagging("9x20", "60x20"), lagging("9x20", "0+60x20")),
    "RecordsMissing": Case("10m", missing("1x10", "0x10"), missing("9x10", "9x10")),
    "RecordsLost": Case(
        "10m",
        {f'lateral_consumer_offset_gap_total{{{S},topic="hr.workers"}}': "_x5 7x5"},
        {f'lateral_consumer_offset_gap_total{{{S},topic="hr.workers"}}': "0x10"},
    ),
    "ConsumerBehindRetention": gauge("lateral_consumer_behind_retention_records", "0x3 7x7", "0x8 7 0", "9m"),
    "DeadLettersOpen": gauge("lateral_dlq_open", "1x20", "1x9 0 1x10", "20m"),
    "KeysParked": gauge("lateral_parked_keys", "1x20", "1x9 0 1x10", "20m"),
    "OffsetCommitsFail": gauge("lateral_consumer_commit_failures_total", "0+1x30", "0x10 1x10 2x10", "30m"),
    "ErasureUnanswered": gauge("lateral_erasure_oldest_age_seconds", "86500x20", "86300x20", "20m"),
    "TimerFails": Case(
        "30m", timer("0+1x30", "5x30"), timer("0+1x30", "0+1x30"), {"service": "sessions", "timer": "audit-seal"}
    ),
    "LeaversHeld": gauge("lateral_directory_held_leavers", "40x10", "40x4 0 40x5", "9m"),
    "ProcessDown": Case("10m", {UP: "1x5 0x5"}, {UP: "1x8 0 1"}, {"service": "sessions", "role": "worker"}),
    "MetricsAbsent": Case("20m", {UP: "1x20"}, {UP: "1x20", LEADER: "1x20"}),
}


def test_every_alert_is_tried() -> None:
    assert CASES.keys() == ALERTS.keys()


@promtool
@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_and_is_silent(alert: str, tmp_path: Path) -> None:
    case, rule = CASES[alert], ALERTS[alert]
    firing = {
        "exp_labels": rule["labels"] | case.labels,
        "exp_annotations": {name: expand(text, case.labels) for name, text in rule["annotations"].items()},
    }
    tests = [
        {
            "interval": f"{case.step}m",
            "input_series": [{"series": series, "values": values} for series, values in given.items()],
            "alert_rule_test": [{"eval_time": case.at, "alertname": alert, "exp_alerts": expected}],
        }
        for given, expected in ((case.fires, [firing]), (case.silent, []))
    ]
    document = {"rule_files": [str(path) for path in RULES], "evaluation_interval": f"{case.step}m", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document), "utf-8")
    run("test", "rules", str(tmp_path / "test.yml"))


def expand(text: str, labels: Mapping[str, str]) -> str:
    """What Prometheus makes of `{{ $labels.service }}`."""
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)


def run(*argv: str) -> None:
    done = subprocess.run(["promtool", *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
