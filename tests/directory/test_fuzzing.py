"""Schemathesis reads the directory's own OpenAPI and sends what it allows, and what it does not: every operation.

`LATERAL_FUZZ_EXAMPLES=100` looks longer.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

from services.directory.settings import DirectorySettings
from tests.directory import media_types
from tests.directory.test_scim_clients import serving
from tests.fixtures.issuer import Issuer

EXAMPLES = os.environ.get("LATERAL_FUZZ_EXAMPLES", "3")
PHASES = os.environ.get("LATERAL_FUZZ_PHASES", "examples,coverage,fuzzing,stateful")


async def test_nothing_that_can_be_sent_makes_the_server_fail(settings: DirectorySettings, issuer: Issuer) -> None:
    async with serving(settings) as scim:
        tool = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", Path(__file__).with_name("schemathesis.toml")),
            *("run", f"{scim.removesuffix('/scim/v2')}/openapi.json", "--header"),
            f"Authorization: {issuer.bearer('admin', 'hr-system', 'employee', 'operator')['Authorization']}",
            *("--phases", PHASES, "--max-examples", EXAMPLES, "--checks", "not_a_server_error"),
            *("--seed", "7", "--no-color", "--generation-database", "none", "--warnings", "off"),
            env=os.environ | {"SCHEMATHESIS_HOOKS": media_types.__name__, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await tool.communicate()
    assert tool.returncode == 0, said.decode()[-4000:]
    assert re.search(rb"(\d{3,}) generated, \1 passed", said), said.decode()[-2000:]
    selected = re.search(rb"Operations: +(\d+) selected / \1 total", said)
    assert selected, said.decode()[:2000]
    assert b"Tested: " + selected[1] in said
