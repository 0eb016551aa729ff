"""Whose turn it is takes the place of somebody whose turn it is less, in circles that are full."""

import numpy as np

from services.matching.engine.circle import IMPOSSIBLE, NONE, Folk, Rule, worth
from services.matching.engine.compiled import compiled, ones
from services.matching.engine.forming import Circles
from services.matching.engine.population import Ints


@compiled
def relieve(people: Folk, rules: Rule, circles: Circles, count: int, waiting: Ints, tries: int, lots: Ints) -> None:
    """Give those waiting, who come with the most points first, the place of somebody who comes with fewer.

    Who gives way waits instead; it is done where it brings points, in the best of `tries` circles.
    """
    value = np.full(count, IMPOSSIBLE)
    for wait in range(len(waiting)):
        person = waiting[wait]
        best, chosen, leaver = 0, NONE, NONE
        for step in range(min(count, tries)):
            at = (lots[person] + step) % count
            members, size = circles.members[at], circles.size[at]
            if ones(people.hours[person] & people.hours[members[0]]) < rules.half_hours:
                continue
            if value[at] == IMPOSSIBLE:
                value[at] = worth(people, rules, members, size, circles.topic[at])
            for place in range(size):
                other = members[place]
                if people.due[other] >= people.due[person]:
                    continue
                members[place] = person
                after = worth(people, rules, members, size, circles.topic[at])
                members[place] = other
                if after != IMPOSSIBLE and after - value[at] > best:
                    best, chosen, leaver = after - value[at], at, place
        if chosen != NONE:
            waiting[wait] = circles.members[chosen, leaver]
            circles.members[chosen, leaver] = person
            value[chosen] = IMPOSSIBLE
