"""The one rule for codes and names that tell people, units and places apart: none can look like another."""

import unicodedata

from services.directory.domain.refusals import UnclearCode

PLAIN = "printable ASCII without spaces around it"


def is_plain(text: str) -> bool:
    """Whether a text is its own and no lookalike's."""
    return text.isascii() and text.isprintable() and text == text.strip(" ")


def written_alike(name: str) -> str:
    """A name whose letters can be written in several ways (`é`), in one of them: it is found by what it looks like."""
    return unicodedata.normalize("NFC", name)


def check_code(field: str, code: str | None) -> None:
    """Raises UnclearCode, naming the field and the first character that is not plain."""
    if code is None or is_plain(code):
        return
    strange = next((at for at, char in enumerate(code) if not " " <= char <= "~"), None)
    at = strange if strange is not None else 0 if code.startswith(" ") else len(code) - 1
    raise UnclearCode(f"{field}: character {at + 1} is U+{ord(code[at]):04X}, and not {PLAIN}.")
