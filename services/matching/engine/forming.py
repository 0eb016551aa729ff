"""Circles grown from the people hardest to place, and improved by moves and exchanges while it still cools."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.circle import (
    IMPOSSIBLE,
    NONE,
    TERMS,
    Folk,
    Rule,
    can_meet,
    meets,
    together,
    worth,
)
from services.matching.engine.compiled import compiled, mix, ones
from services.matching.engine.exact import FEW, lay, split
from services.matching.engine.population import Bools, Ints
from services.matching.engine.seats import (
    FIELDS,
    LIKES,
    LIKING,
    SUMS,
    VALUE,
    Seats,
    changed,
    hours_bring,
    hours_points,
    seated,
    welcome,
)

POOL = 48
"""People tried for a place in a new circle."""
LOOKS = 600
"""People looked at to find them, of each of three kinds."""
WANT, KNOW, ANYBODY = range(3)
ROOM = (0.5, 0.75, 1.0)
"""How full the pool may be after those who want the topic, those who know it, and anybody."""
NEAR = 60
"""How many circles away, by working hours, an exchange goes."""
HOT, COLD = 1.0, 0.2
"""Points a move may lose: at first, and at the end, with a chance of one in e.

Most moves lose more, which is seen before anybody's hours are."""


class Circles(NamedTuple):
    """Circles of people: `members[c, :size[c]]`, about `topic[c]`."""

    members: Ints
    size: Ints
    topic: Ints


class Crowd(NamedTuple):
    """Who may be placed, in the order of working hours, and who of them wants each skill."""

    order: Ints
    place: Ints
    start: Ints
    wanting: Ints
    """Places in `order` of those who want skill `s`: `wanting[start[s]:start[s + 1]]`."""
    known_at: Ints
    knowing: Ints
    """The same of those who know it."""


@compiled
def gather(people: Folk, rules: Rule, crowd: Crowd, free: Bools, seed: int, topic: int, pool: Ints) -> int:
    """Fill the pool with free people near the seed in hours: who wants the topic, then who knows it, then anybody."""
    pair = np.empty(2, np.int64)
    pair[0] = seed
    count = 0
    for who in (WANT, KNOW, ANYBODY):
        if who != ANYBODY and topic == NONE:
            continue
        here = crowd.order
        if who == WANT:
            here = crowd.wanting[crowd.start[topic] : crowd.start[topic + 1]]
        elif who == KNOW:
            here = crowd.knowing[crowd.known_at[topic] : crowd.known_at[topic + 1]]
        room = int(ROOM[who] * len(pool))
        at = np.searchsorted(here, crowd.place[seed]) if who != ANYBODY else crowd.place[seed]
        up, down = at, at - 1
        for look in range(LOOKS):
            if count >= room or (up >= len(here) and down < 0):
                break
            forward = down < 0 or (up < len(here) and look % 2 == 0)
            step = up if forward else down
            up, down = up + forward, down - (not forward)
            person = crowd.order[here[step]] if who != ANYBODY else here[step]
            if not free[person] or person == seed or not together(people, seed, person):
                continue
            pair[1] = person
            if can_meet(people, rules, pair, 2) == IMPOSSIBLE:
                continue
            known = False
            for before in range(count):
                known = known or pool[before] == person
            if not known:
                pool[count] = person
                count += 1
    return count


@compiled
def favourite(people: Folk, wanted: Ints, seed: int) -> int:
    """What the person wants that most free people want too; who wants nothing, what they know; NONE where nothing."""
    best = NONE
    for place in range(people.wants_at[seed], people.wants_at[seed + 1]):
        skill = people.wants[place]
        if people.about[skill] and (best == NONE or wanted[skill] > wanted[best]):
            best = skill
    if best != NONE:
        return best
    for place in range(people.knows_at[seed], people.knows_at[seed + 1]):
        skill = people.knows[place]
        if people.about[skill] and wanted[skill] and (best == NONE or wanted[skill] > wanted[best]):
            best = skill
    return best


@compiled
def grow(
    people: Folk, rules: Rule, crowd: Crowd, free: Bools, hardest: Ints, least: int, wanted: int, circles: Circles
) -> int:
    """Grow circles of `wanted` members, or `least` at the least, out of free people; returns how many circles."""
    count = 0
    asking = np.zeros(len(crowd.start) - 1, np.int64)
    for skill in range(len(asking)):
        for place in range(crowd.start[skill], crowd.start[skill + 1]):
            asking[skill] += free[crowd.order[crowd.wanting[place]]]
    pool = np.empty(POOL, np.int64)
    members = np.empty(max(wanted, 2), np.int64)
    points = np.empty(len(TERMS), np.int64)
    group = Seats(np.empty((1, len(members), FIELDS), np.int64), np.zeros((1, SUMS), np.int64))
    offered = Seats(np.empty((1, POOL, FIELDS), np.int64), np.zeros((1, SUMS), np.int64))
    relaxed = Rule(rules.half_hours, 0, rules.margin, rules.band, rules.weights)
    for seed in hardest:
        if not free[seed]:
            continue
        topic = favourite(people, asking, seed)
        pooled = gather(people, rules, crowd, free, seed, topic, pool)
        for place in range(pooled):
            welcome(people, pool[place], offered, 0, place)
        members[0], size = seed, 1
        while size < wanted:
            best, chosen = IMPOSSIBLE, NONE
            seated(people, relaxed, members, size, topic, group, 0, points)
            for place in range(pooled):
                if pool[place] == NONE:
                    continue
                value = changed(people, relaxed, group, 0, size, NONE, topic, offered, 0, place)
                liking = group.sums[0, LIKING] + offered.seat[0, place, LIKES]
                if value != IMPOSSIBLE and value + hours_bring(rules, liking) <= best:
                    continue
                members[size] = pool[place]
                hours = hours_points(people, rules, members, size + 1, pool[place], liking)
                if IMPOSSIBLE in (value, hours):
                    pool[place] = NONE
                elif value + hours > best:
                    best, chosen = value + hours, place
            if chosen == NONE:
                break
            members[size] = pool[chosen]
            pool[chosen] = NONE
            size += 1
        if size < least or worth(people, rules, members, size, topic) == IMPOSSIBLE:
            continue
        for place in range(size):
            circles.members[count, place] = members[place]
            free[members[place]] = False
            for want in range(people.wants_at[members[place]], people.wants_at[members[place] + 1]):
                asking[people.wants[want]] -= 1
        circles.size[count], circles.topic[count] = size, topic
        count += 1
    return count


@compiled
def squeeze(
    people: Folk, rules: Rule, circles: Circles, count: int, waiting: Ints, most: int, tries: int, lots: Ints
) -> Ints:
    """Give those waiting a place where a circle has room, the best of `tries` circles; returns who still waits."""
    left = np.empty(len(waiting), np.int64)
    still = 0
    value = np.full(count, IMPOSSIBLE)
    for person in waiting:
        best, chosen = -(1 << 30), NONE
        for step in range(min(count, tries)):
            at = (lots[person] + step) % count
            size, first = circles.size[at], circles.members[at, 0]
            if size >= most or people.days[person] & people.days[first] == 0:
                continue
            if ones(people.hours[person] & people.hours[first]) < rules.half_hours:
                continue
            if value[at] == IMPOSSIBLE:
                value[at] = worth(people, rules, circles.members[at], size, circles.topic[at])
            circles.members[at, size] = person
            after = worth(people, rules, circles.members[at], size + 1, circles.topic[at])
            if after != IMPOSSIBLE and after - value[at] > best:
                best, chosen = after - value[at], at
        if chosen == NONE:
            left[still] = person
            still += 1
        else:
            circles.members[chosen, circles.size[chosen]] = person
            circles.size[chosen] += 1
            value[chosen] = IMPOSSIBLE
    return left[:still]


@compiled
def improve(
    people: Folk, rules: Rule, circles: Circles, count: int, least: int, most: int, tries: int, seed: int
) -> int:
    """Move and exchange members of circles near each other, or into one about what they want.

    Returns how many points that brought.
    """
    width = circles.members.shape[1]
    seats = Seats(np.empty((count, width, FIELDS), np.int64), np.zeros((count, SUMS), np.int64))
    points = np.empty(len(TERMS), np.int64)
    began = 0
    for at in range(count):
        members, size = circles.members[at], circles.size[at]
        seated(people, rules, members, size, circles.topic[at], seats, at, points)
        meets(people, rules, members, size, points)
        seats.sums[at, VALUE] = points.sum()
        began += seats.sums[at, VALUE]
    by_topic = np.argsort(circles.topic[:count], kind="mergesort")
    first = np.searchsorted(circles.topic[:count][by_topic], np.arange(len(people.about) + 1))
    mine, theirs = np.empty(width, np.int64), np.empty(width, np.int64)
    state = np.uint64(seed)
    cooling = (COLD / HOT) ** (1.0 / max(1, tries))
    heat = HOT
    sums = seats.sums
    for turn in range(tries):
        heat *= cooling
        state += np.uint64(0x9E3779B97F4A7C15)
        draw = np.int64(mix(state) >> np.uint64(1))
        here = turn % count
        span = min(NEAR, count - 1)
        there = int((here + 1 + draw % span) % count)
        draw //= span
        one = int(draw % circles.size[here])
        person = int(circles.members[here, one])
        wants = people.wants_at[person + 1] - people.wants_at[person]
        if (draw >> 24) % 2 == 0 and wants:
            wanted = people.wants[people.wants_at[person] + (draw >> 25) % wants]
            about = first[wanted + 1] - first[wanted]
            if wanted != circles.topic[here] and about > 0:
                there = int(by_topic[first[wanted] + (draw >> 28) % about])
        other = int((draw >> 8) % circles.size[there])
        here_size, there_size = int(circles.size[here]), int(circles.size[there])
        moves = (draw >> 16) % 4 == 0 and here_size > least and there_size < most
        chance = np.float64(mix(state ^ np.uint64(0x5851F42D4C957F2D)) >> np.uint64(11)) / 9007199254740992.0
        enough = sums[here, VALUE] + sums[there, VALUE] + heat * np.log(chance)
        leaver, comer = (NONE, NONE) if moves else (other, other)
        my_points = changed(people, rules, seats, here, here_size, one, circles.topic[here], seats, there, comer)
        if my_points == IMPOSSIBLE:
            continue
        their_points = changed(people, rules, seats, there, there_size, leaver, circles.topic[there], seats, here, one)
        liking = sums[here, LIKING] + sums[there, LIKING]
        spare = hours_bring(rules, 0) + hours_bring(rules, liking)
        if their_points == IMPOSSIBLE or my_points + their_points + spare < enough:
            continue
        mine[:here_size] = circles.members[here, :here_size]
        theirs[:there_size] = circles.members[there, :there_size]
        newcomer = NONE
        if moves:
            theirs[there_size] = person
            mine[one] = mine[here_size - 1]
            here_size, there_size = here_size - 1, there_size + 1
        else:
            newcomer = int(theirs[other])
            mine[one], theirs[other] = newcomer, person
        my_hours = hours_points(people, rules, mine, here_size, newcomer, liking)
        if my_hours == IMPOSSIBLE:
            continue
        their_hours = hours_points(people, rules, theirs, there_size, person, liking)
        if their_hours != IMPOSSIBLE and my_points + my_hours + their_points + their_hours >= enough:
            circles.members[here, :here_size] = mine[:here_size]
            circles.members[there, :there_size] = theirs[:there_size]
            circles.size[here], circles.size[there] = here_size, there_size
            seated(people, rules, mine, here_size, circles.topic[here], seats, here, points)
            seated(people, rules, theirs, there_size, circles.topic[there], seats, there, points)
            sums[here, VALUE], sums[there, VALUE] = my_points + my_hours, their_points + their_hours
    return int(sums[:, VALUE].sum() - began)


@compiled
def exchange(people: Folk, rules: Rule, circles: Circles, least: int, most: int, tries: int, seed: int) -> int:
    """Share out the members of two circles anew, as well as can be and about what suits them best, so often.

    The two are near each other, or one is about what somebody of the other wants. Returns how many points that brought.
    """
    count = len(circles.size)
    state, gained = np.uint64(seed), 0
    values, topics_of = np.empty(1 << FEW, np.int64), np.empty(1 << FEW, np.int64)
    for turn in range(tries):
        if turn % count == 0:
            by_topic = np.argsort(circles.topic, kind="mergesort")
            topics = circles.topic[by_topic]
        state += np.uint64(0x9E3779B97F4A7C15)
        draw = np.int64(mix(state) >> np.uint64(1))
        here = turn % count
        there = (here + 1 + draw % min(NEAR, count - 1)) % count
        draw //= NEAR
        person = circles.members[here, draw % circles.size[here]]
        wants = people.wants_at[person + 1] - people.wants_at[person]
        if (draw >> 24) % 2 == 0 and wants:
            wanted = people.wants[people.wants_at[person] + (draw >> 25) % wants]
            first, last = np.searchsorted(topics, wanted), np.searchsorted(topics, wanted + 1)
            if last > first and by_topic[first + (draw >> 28) % (last - first)] != here:
                there = by_topic[first + (draw >> 28) % (last - first)]
        size, both = circles.size[here], circles.size[here] + circles.size[there]
        if both > FEW:
            continue
        who = np.concatenate((circles.members[here, :size], circles.members[there, : both - size]))
        before = worth(people, rules, who[:size], size, circles.topic[here])
        before += worth(people, rules, who[size:], both - size, circles.topic[there])
        value, about = values[: 1 << both], topics_of[: 1 << both]
        lay(people, rules, who, least, most, value, about, True)
        chosen = split(value)
        rest = len(value) - 1 - chosen
        if chosen and value[chosen] + value[rest] > before:
            gained += value[chosen] + value[rest] - before
            for at, some in ((here, chosen), (there, rest)):
                circles.size[at], circles.topic[at] = 0, about[some]
                for one in range(both):
                    if some >> one & 1:
                        circles.members[at, circles.size[at]] = who[one]
                        circles.size[at] += 1
    return gained
