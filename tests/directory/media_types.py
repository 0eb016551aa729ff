"""Bodies that schemathesis cannot write by itself: lines, tables and signed tokens, good and broken."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

GOOD = ('{"skill_id": "urn:a", "label": "A"}', '{"person_id": "00000000-0000-4000-8000-000000000000", "code": "intro"}')
BAD = ("{", "null", "[]", '"\\u0000"', "[" * 200)
LINES = st.lists(st.sampled_from(GOOD + BAD) | st.text(max_size=20), max_size=5)
TOKENS = st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,40}", fullmatch=True), max_size=4).map(".".join)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


schemathesis.openapi.media_type("application/jsonl", LINES.map("\n".join).map(as_bytes) | st.binary(max_size=100))
schemathesis.openapi.media_type("application/secevent+jwt", TOKENS.map(as_bytes) | st.binary(max_size=100))


@schemathesis.serializer("text/csv")
def as_table(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Text as it is drawn; a word becomes a table."""
    return as_bytes(value if "\n" in str(value) else f"id,label,parent\n{value},{value},\n")
