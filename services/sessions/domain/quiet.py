"""When somebody may be disturbed: on their working days, in their working hours, outside the hours they want quiet."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)
LONGEST = timedelta(days=15)


def next_open(
    now: datetime, zone: str | None, starts: int | None, ends: int | None, days: list[int] | None,
    quiet: tuple[int, int] | None,
) -> datetime:  # fmt: skip
    """`now` when it is a good moment, else the next quarter of an hour that is; `quiet` may pass midnight."""
    if zone is None or starts is None or ends is None or not days:
        return now
    clock, moment = ZoneInfo(zone), now
    while moment < now + LONGEST:
        local = moment.astimezone(clock)
        minute = local.hour * 60 + local.minute
        if local.isoweekday() in days and starts <= minute < ends and not (quiet and _within(minute, *quiet)):
            return moment
        moment = datetime.fromtimestamp((moment + STEP).timestamp() // 900 * 900, UTC)
    return now + LONGEST


def _within(minute: int, begin: int, end: int) -> bool:
    return begin <= minute < end if begin <= end else minute >= begin or minute < end
