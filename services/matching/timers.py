"""What falls due by itself."""

from services.matching.commands.answers import expire
from services.matching.commands.buddies import propose_buddies
from shared.timers import Timer

TIMERS = (
    Timer("expire-proposals", 30, expire),
    Timer("buddies-for-newcomers", 60, propose_buddies),
)
