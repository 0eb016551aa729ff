"""People who could ever sit in one circle, apart from those they could never meet or talk with."""

import numpy as np

from services.matching.engine.circle import Folk, Rule
from services.matching.engine.population import Ints


def islands(people: Folk, rules: Rule, asked: Ints) -> list[Ints]:
    """These people, so that nobody of one array can be in a circle with anybody of another; the largest first.

    What joins two of them is a language, a weekday and enough hours in common, or others between them; and their site
    where they meet nowhere else.
    """
    if not len(asked):
        return []
    place = people.place[asked].astype(np.uint64)
    masks = np.column_stack((people.hours[asked], people.days[asked], place, people.languages[asked]))
    kinds, which = np.unique(masks, axis=0, return_inverse=True)
    island = np.zeros(len(kinds), np.int64)
    beyond = np.arange(len(kinds))
    found = 0
    while len(beyond):
        edge, beyond = [int(beyond[0])], beyond[1:]
        island[edge] = found
        while edge and len(beyond):
            here = kinds[edge.pop()]
            common = here & kinds[beyond]
            meet = (np.bitwise_count(common[:, 0]) >= rules.half_hours) & (common[:, 1] != 0)
            near = meet & (kinds[beyond, 2] == here[2]) & common[:, 3:].any(1)
            island[beyond[near]] = found
            edge += beyond[near].tolist()
            beyond = beyond[~near]
        found += 1
    of = island[which.reshape(-1)]
    order = np.argsort(of, kind="stable")
    parts = np.split(asked[order], np.cumsum(np.bincount(of, minlength=found))[:-1])
    return sorted(parts, key=lambda part: (-len(part), int(part[0])))
