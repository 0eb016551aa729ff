"""Schemathesis reads the directory's own OpenAPI and sends what it allows, and what it does not."""

import asyncio
import re
import sys
from pathlib import Path

from services.directory.settings import DirectorySettings
from tests.directory.test_scim_clients import serving
from tests.fixtures.issuer import Issuer

EXAMPLES = 8
NOT_JSON = r"/(import|imports|completions|scim/events)$"
"""Bodies it cannot write; the tests of each send bad ones."""


async def test_nothing_that_can_be_sent_makes_the_server_fail(settings: DirectorySettings, issuer: Issuer) -> None:
    async with serving(settings) as scim:
        tool = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            *("run", f"{scim.removesuffix('/scim/v2')}/openapi.json", "--header"),
            f"Authorization: {issuer.bearer('admin', 'hr-system', 'employee', 'operator')['Authorization']}",
            *("--phases", "fuzzing", "--max-examples", str(EXAMPLES), "--checks", "not_a_server_error"),
            *("--seed", "7", "--no-color", "--generation-database", "none", "--exclude-path-regex", NOT_JSON),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await tool.communicate()
    assert tool.returncode == 0, said.decode()[-4000:]
    assert re.search(rb"(\d{3,}) generated, \1 passed", said), said.decode()[-2000:]
