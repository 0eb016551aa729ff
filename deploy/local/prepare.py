"""`python -m deploy.local.prepare`: every schema and topic, in one process that starts once instead of five times."""

import asyncio

from shared.events.topics import SERVICES
from shared.kafka import apply_topics
from shared.migrate import migrate
from shared.settings import Settings, load


async def main() -> None:
    """Do what `migrate` of each service and `topics` do."""
    settings = [load(Settings, name) for name in SERVICES]
    await asyncio.gather(apply_topics(settings[0]), *(migrate(each) for each in settings))


if __name__ == "__main__":
    asyncio.run(main())
