"""What falls due by itself."""

from functools import partial

from services.metrics.commands import (
    exports,
    facts,
    freshness,
    learnings,
    networks,
    publish,
    reports,
    skills,
    statements,
    told,
)
from services.metrics.queries.kept import Kept
from services.metrics.settings import MetricsSettings
from shared.timers import Timer


def timers(settings: MetricsSettings) -> tuple[Timer, ...]:
    """All of them; what is shown is shown with the k that is set."""
    return (
        Timer("note-threshold", 60, partial(facts.note_threshold, k=settings.k_scores)),
        Timer("fact-partitions", 3600, facts.prepare_months),
        Timer("fold-months", 5, facts.fold_months),
        Timer("count-networks", 300, partial(networks.count_networks, k=settings.k_scores)),
        Timer("count-barriers", 60, partial(told.count_barriers, k=settings.k_scores)),
        Timer("count-skills", 15, partial(skills.count_skills, k=settings.k_scores)),
        Timer("record-store", 15, partial(statements.set_store, url=settings.xapi_url)),
        Timer("count-learnings", 60, partial(learnings.count_learnings, k=settings.k_scores)),
        Timer("queue-reports", 60, reports.queue_reports),
        Timer("make-exports", 1, partial(exports.make_exports, settings=settings), patience=300),
        Timer("fold-lag", 10, freshness.fold_lag),
        Timer("publish-tables", 10, partial(publish.publish_tables, k=settings.k_scores, kept=Kept()), patience=300),
    )
