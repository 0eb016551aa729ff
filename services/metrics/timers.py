"""What falls due by itself."""

from services.metrics.commands import exports, facts, freshness, networks
from shared.timers import Timer

TIMERS: tuple[Timer, ...] = (
    Timer("fact-partitions", 3600, facts.prepare_months),
    Timer("fold-months", 5, facts.fold_months),
    Timer("count-networks", 300, networks.count_networks),
    Timer("make-exports", 1, exports.make_exports),
    Timer("fold-lag", 10, freshness.fold_lag),
)
