"""Whom a challenge joins to a learner: somebody they could teach in return, or who works on the same."""

from typing import NamedTuple

from services.matching.engine.cells import LEVELS
from services.matching.engine.compiled import EMPTY, lean, mix, place_in
from services.matching.engine.listing import LOT_BITS, SCALE, Listed, has, put
from services.matching.engine.market import Market, Small
from services.matching.engine.population import Ints
from services.matching.engine.scoring import Ask, Self, kinship, likeness, meet

ENOUGH = 512
"""Teachers with one challenge whom a learner reads before the lot no longer decides between all that are equal."""


@lean
def _from(marks: Small, low: int, high: int, mark: int) -> int:
    """The first place from `low` to `high` whose mark is this one or a later."""
    while low < high:
        middle = (low + high) // 2
        if marks[middle] < mark:
            low = middle + 1
        else:
            high = middle
    return low


class Told(NamedTuple):
    """Of the cells of a skill, what one working week shares with each, and what a learner may have of its teachers."""

    common: Ints
    """Half-hours, EMPTY for too few."""
    sure: Ints
    """Points that each of its offers has, beside those that every offer of the skill has."""
    hope: Ints
    """The most points one of them could have, but for what joins the two; EMPTY for cells that are not for them."""


class Joins(NamedTuple):
    """What a challenge of both joins: the level at which the learner could teach it, EMPTY for not at all, and points.

    `other` is what anything else the learner knows may bring, `shared` what working on the same may.
    """

    level: int
    other: int
    shared: int


@lean
def kins(market: Market, me: Self, ask: Ask, cells: Told, keys: Ints, row: int, looks: int, listed: Listed) -> bool:
    """List the teachers whom a challenge joins to the learner; False where the limit left some unread."""
    near, knobs = market.near, market.knobs
    know, knows = near.knows_at[me.person], near.knows_at[me.person + 1]
    mark, marks = near.marks_at[me.person], near.marks_at[me.person + 1]
    teaches, many_known, many_marks = market.side.teaches[me.person], knows - know, marks - mark
    whole = True
    while know < knows or mark < marks:
        known = know < knows and (mark == marks or near.knows[know] <= near.marks[mark])
        shared = mark < marks and (know == knows or near.marks[mark] <= near.knows[know])
        joins = Joins(
            near.knows_level[know] if known and teaches else EMPTY,
            knobs.reciprocity if teaches and many_known > known else 0,
            knobs.shared_challenge if many_marks else 0,
        )
        challenge = near.knows[know] if known else near.marks[mark]
        whole &= _kin(market, me, ask, cells, challenge, joins, keys, row, looks, listed)
        know, mark = know + known, mark + shared
    return whole


@lean
def _kin(
    market: Market,
    me: Self,
    ask: Ask,
    cells: Told,
    challenge: int,
    joins: Joins,
    keys: Ints,
    row: int,
    looks: int,
    listed: Listed,
) -> bool:
    """List the teachers who have one challenge; False where the limit left some unread."""
    offers, side, knobs, returns = market.offers, market.side, market.knobs, market.returns
    last = returns.at[ask.skill + 1]
    first = _from(returns.mark, returns.at[ask.skill], last, challenge)
    last = _from(returns.mark, first, last, challenge + 1)
    many = last - first
    begins = market.cells.at[ask.skill * LEVELS]
    begin = first + (place_in(me.lot, many) if many > min(looks, ENOUGH) else 0)
    read, run, stop, turned = 0, begin, last, begin == first
    while run < stop or not turned:
        if run >= stop:
            run, stop, turned = first, begin, True
            continue
        cell, end = returns.cell[run] - begins, min(stop, returns.end[run])
        alike = min(returns.alike[run], end - run)
        joined = joins.shared + (knobs.reciprocity if returns.asked[run] + knobs.margin <= joins.level else joins.other)
        drawn = place_in(me.lot, alike) if alike > 1 else 0
        most = ask.sure + cells.hope[cell]
        for look in range(end - run if cells.hope[cell] != EMPTY else 0):
            place = run + ((drawn + look) % alike if look < alike else look)
            at = returns.offer[place]
            full, least = listed.size[row] == len(keys), keys[0] >> LOT_BITS
            if full and (most + joined) * SCALE - offers.price[at] < least + (read >= ENOUGH):
                break
            if read == looks:
                return False
            read += 1
            score = ask.sure + cells.sure[cell] + likeness(offers, at, knobs, me)
            hoped = (score + joined) * SCALE - offers.price[at]
            if full and hoped < least:
                continue
            if has(listed, row, at) or not meet(offers, at, me):
                continue
            points = kinship(market.near, side, knobs, me.person, offers.teacher[at])
            if points:
                score += points
                put(keys, listed, row, score * SCALE - offers.price[at], mix(me.lot ^ offers.lot[at]), at, score)
        run = end
    return True
