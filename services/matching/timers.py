"""What falls due by itself."""

from services.matching.commands.answers import expire
from services.matching.commands.buddies import propose_buddies
from services.matching.commands.closing import end_closed
from services.matching.commands.help import widen
from services.matching.commands.knowledge import find_risks
from services.matching.commands.suggestions import pack_offers
from shared.timers import Timer

TIMERS = (
    Timer("expire-proposals", 30, expire),
    Timer("end-with-closed-programmes", 600, end_closed),
    Timer("widen-help-requests", 15, widen),
    Timer("find-knowledge-at-risk", 300, find_risks),
    Timer("buddies-for-newcomers", 20, propose_buddies),
    Timer("pack-offers", 5, pack_offers),
)
