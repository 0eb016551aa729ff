"""What makes a facilitator ready."""

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["training", "self"]


class Item(NamedTuple):
    """One thing on the checklist: completed on a learning platform, or ticked; a required one is a gate."""

    code: str
    title: str
    kind: Kind
    required: bool
