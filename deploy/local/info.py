"""`stack.json`: where everything is, for other programs, while the stack runs."""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.local.postgres import write_private


class StackInfo(BaseModel):
    """The addresses of a running stack, and one token per role."""

    model_config = ConfigDict(frozen=True)

    pid: int
    services: dict[str, str]
    workers: dict[str, str]
    databases: dict[str, str]
    kafka_bootstrap: str
    issuer: str
    otlp_endpoint: str
    traces: str | None
    """The trace page; none, when traces go elsewhere."""
    tokens: dict[str, str]
    """Role to access token; empty, when the issuer is not ours."""

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """What a running stack has written, or None when none runs on this state."""
        try:
            info = cls.model_validate_json(_path(state).read_bytes())
            os.kill(info.pid, 0)
        except (OSError, ValidationError):
            return None
        return info

    def write(self, state: Path) -> None:
        """Leave it for others of this user."""
        write_private(_path(state), self.model_dump_json(indent=2) + "\n")

    @staticmethod
    def remove(state: Path) -> None:
        """Say that nothing runs any more."""
        _path(state).unlink(missing_ok=True)


def _path(state: Path) -> Path:
    return state / "stack.json"
