"""What falls due by itself."""

from services.metrics.commands import facts, freshness
from shared.timers import Timer

TIMERS: tuple[Timer, ...] = (
    Timer("fact-partitions", 3600, facts.prepare_months),
    Timer("fold-months", 5, facts.fold_months),
    Timer("fold-lag", 10, freshness.fold_lag),
)
