"""Names that fit a site, and work e-mail addresses made of them, each given out once."""

import unicodedata
from collections import Counter
from random import Random

from faker import Faker

from deploy.local.sample.sites import SITES, Site, draw_site

_FROM_ELSEWHERE = 0.1
_ROMANIZED = "zh_CN"
_NO_DECOMPOSITION = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Names:
    """A stream of names per locale: the same seed and the same order of calls give the same names."""

    def __init__(self, seed: str) -> None:
        """Make one generator for each locale of our sites."""
        self._fakers = {site.names: Faker(site.names, use_weighting=False) for site in SITES}
        for locale, faker in self._fakers.items():
            faker.seed_instance(f"{seed}/{locale}")

    def draw(self, rng: Random, site: Site) -> tuple[str, str]:
        """Given and family name of somebody at the site, who now and then comes from elsewhere."""
        origin = draw_site(rng) if rng.random() < _FROM_ELSEWHERE else site
        faker = self._fakers[origin.names]
        if origin.names == _ROMANIZED:
            return faker.first_romanized_name(), faker.last_romanized_name()
        return faker.first_name(), faker.last_name()


class Addresses:
    """Work e-mail addresses at one domain; a namesake gets a number."""

    def __init__(self, domain: str) -> None:
        """Start with no address given out."""
        self._domain = domain
        self._given: Counter[str] = Counter()

    def draw(self, given_name: str, family_name: str) -> str:
        """The next free address for the name."""
        local = local_part(given_name, family_name)
        self._given[local] += 1
        namesakes = self._given[local]
        return f"{local}{namesakes if namesakes > 1 else ''}@{self._domain}"


def local_part(given_name: str, family_name: str) -> str:
    """A name as the part of an address before the @: `Jörg`, `da Costa` -> `joerg.dacosta`."""
    return f"{_plain(given_name)}.{_plain(family_name)}"


def _plain(name: str) -> str:
    lower = name.lower().translate(_UMLAUTS).translate(_NO_DECOMPOSITION)
    return "".join(char for char in unicodedata.normalize("NFKD", lower) if char.isascii() and char.isalnum())
