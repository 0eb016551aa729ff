"""The catalogue: what every published number means, in which version of its definition, and where that comes from."""

from services.metrics.domain import (
    agility,
    behaviour,
    culture,
    engagement,
    evenness,
    facilitation,
    goals,
    learning,
    matching,
    network,
    participation,
    pipeline,
    reaction,
    results,
    skills,
    transfer,
)
from services.metrics.domain.measure import By, Family, Measure, Unit

__all__ = ["COUNTED", "MEASURES", "By", "Family", "Measure", "Unit"]

_SECTIONS = (
    participation,
    engagement,
    evenness,
    reaction,
    learning,
    transfer,
    behaviour,
    results,
    network,
    skills,
    facilitation,
    goals,
    matching,
    pipeline,
    culture,
    agility,
)
MEASURES: dict[str, Measure] = {measure.name: measure for section in _SECTIONS for measure in section.MEASURES}
COUNTED: dict[str, Measure] = {name: measure for name, measure in MEASURES.items() if measure.family}
"""Those that `GET /v1/measures/{name}` counts; the others say where they are read."""
