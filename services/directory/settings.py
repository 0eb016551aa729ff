"""Variables of the directory."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings


class DirectorySettings(Settings):
    """Only what differs from every service's."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8101
