"""Where the sample organization works: its sites, their time zones, and what is spoken there."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random


@dataclass(frozen=True, slots=True)
class Site:
    """`languages`: the local ones, most spoken first. `english`: the share who speak English besides."""

    code: str
    city: str
    country: str
    time_zone: str
    locale: str
    names: str
    languages: tuple[str, ...]
    english: float
    weight: int

    @property
    def region(self) -> str:
        """As organizations of the world name them."""
        return {"US": "AMER", "BR": "AMER", "IN": "APAC", "SG": "APAC"}.get(self.country, "EMEA")


SITES: tuple[Site, ...] = (
    Site("BER", "Berlin", "DE", "Europe/Berlin", "de-DE", "de_DE", ("de",), 0.94, 22),
    Site("MUC", "Munich", "DE", "Europe/Berlin", "de-DE", "de_DE", ("de",), 0.93, 9),
    Site("LON", "London", "GB", "Europe/London", "en-GB", "en_GB", ("en",), 1.0, 14),
    Site("MAD", "Madrid", "ES", "Europe/Madrid", "es-ES", "es_ES", ("es",), 0.88, 11),
    Site("NYC", "New York", "US", "America/New_York", "en-US", "en_US", ("en", "es"), 1.0, 13),
    Site("CHI", "Chicago", "US", "America/Chicago", "en-US", "en_US", ("en", "es"), 1.0, 6),
    Site("SAO", "São Paulo", "BR", "America/Sao_Paulo", "pt-BR", "pt_BR", ("pt",), 0.82, 8),
    Site("BLR", "Bengaluru", "IN", "Asia/Kolkata", "en-IN", "en_IN", ("en", "hi"), 1.0, 12),
    Site("SIN", "Singapore", "SG", "Asia/Singapore", "en-SG", "zh_CN", ("en", "zh"), 1.0, 5),
)
HEADQUARTERS = SITES[0]

_WEIGHTS = tuple(accumulate(site.weight for site in SITES))
_SECOND_LOCAL = 0.35
_FOREIGN = 0.08


def draw_site(rng: Random) -> Site:
    """One site, the larger ones more often."""
    return rng.choices(SITES, cum_weights=_WEIGHTS)[0]


def draw_languages(rng: Random, site: Site) -> tuple[str, ...]:
    """What one person at the site speaks: the local language, mostly English, now and then one more."""
    first, *others = site.languages
    spoken = [first, *(language for language in others if rng.random() < _SECOND_LOCAL)]
    if rng.random() < site.english:
        spoken.append("en")
    if rng.random() < _FOREIGN:
        spoken.append(draw_site(rng).languages[0])
    return tuple(dict.fromkeys(spoken))
