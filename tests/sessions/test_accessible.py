"""Every page behind a link before a real browser and the rules of axe, as wide as a small phone and wider."""

import asyncio
from pathlib import Path

import pytest

from services.sessions.commands.prompts import plan_prompts
from tests.fixtures.axe import MISSING, found_in
from tests.sessions.conftest import World
from tests.sessions.mailbox import serving_mailbox
from tests.sessions.test_follow_up import held, opened, run
from tests.sessions.test_prompt_links import mailed, send

WIDTHS = (320, 1280)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_axe_finds_nothing_on_any_page_and_nothing_is_cut_off_on_a_small_phone(
    world: World, tmp_path: Path
) -> None:
    """Questions, questions with what is wrong, thanks, a used link and an unknown one."""
    _, people = await opened(world, 4)
    _, _, met = await held(world, 4, 1)
    await held(world, 4, 30)
    pages = {}
    async with serving_mailbox() as box:
        await run(world, plan_prompts)
        everybody = [*people, *met, *[row["person_id"] for row in await world.fetch("SELECT person_id FROM prompts")]]
        tokens = await mailed(world, box, list(dict.fromkeys(everybody)))
    kinds = {
        row["person_id"]: row["kind"]
        for row in await world.fetch("SELECT person_id, kind FROM prompts WHERE sent_on IS NOT NULL")
    }
    asked = {kinds[person]: token for person, token in tokens.items()}
    assert set(asked) == {"survey-before", "feedback", "check-in-30"}
    for kind, token in asked.items():
        pages[kind] = (await world.client.get(f"/feedback/{token}")).text
        pages[f"{kind}, wrong"] = (await send(world, token, score0="9", applied="x")).text
    scores = {f"score{place}": "2" for place in range(4)}
    pages["thanks"] = (await send(world, asked["survey-before"], **scores)).text
    pages["used"] = (await world.client.get(f"/feedback/{asked['survey-before']}")).text
    pages["unknown"] = (await world.client.get("/feedback/nothing")).text
    assert all("Not sent yet" in text for name, text in pages.items() if name.endswith("wrong"))
    found = await asyncio.to_thread(found_in, pages, tmp_path, WIDTHS)
    assert found == {(name, width): (width, []) for name in pages for width in WIDTHS}
