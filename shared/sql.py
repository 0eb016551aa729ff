"""Named queries: SQL lives in .sql files as `-- name: insert_person` blocks."""

import re
from importlib import resources

NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The queries of one file, as attributes."""

    def __init__(self, origin: str, queries: dict[str, str]) -> None:
        self._origin = origin
        self._queries = queries

    def __getattr__(self, name: str) -> str:
        try:
            return self._queries[name]
        except KeyError:
            message = f"{self._origin} has no query named {name}"
            raise AttributeError(message) from None

    def items(self) -> list[tuple[str, str]]:
        """All names with their SQL."""
        return list(self._queries.items())


def load(package: str, name: str) -> Queries:
    """Read `sql/<name>.sql` of a package. Raises ValueError for a name used twice or text before the first name."""
    origin = f"{package}/sql/{name}.sql"
    text = resources.files(package).joinpath("sql", f"{name}.sql").read_text("utf-8")
    head, *blocks = NAME.split(text)
    if [line for line in head.splitlines() if line.strip() and not line.startswith("--")]:
        message = f"{origin}: SQL before the first `-- name:`"
        raise ValueError(message)
    queries: dict[str, str] = {}
    for query_name, body in zip(blocks[::2], blocks[1::2], strict=True):
        if query_name in queries:
            message = f"{origin}: {query_name} is defined twice"
            raise ValueError(message)
        queries[query_name] = body.strip().removesuffix(";")
    return Queries(origin, queries)
