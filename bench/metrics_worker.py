"""One worker process of metrics that only takes facts in; `bench_metrics` starts it and reads what it prints."""

import asyncio
import resource
import signal
import sys
import time

import uvloop

from services.metrics.consumers import HANDLERS
from services.metrics.settings import MetricsSettings
from shared.consumer import Consumer, Handlers
from shared.db import Database
from shared.events.sessions import FeedbackReleased, ParticipationChanged
from shared.processes import tune_memory
from shared.settings import load

FACTS: Handlers = {cls: HANDLERS[cls] for cls in (ParticipationChanged, FeedbackReleased)}


async def tell(consumer: Consumer) -> float:
    """Say when it has partitions; returns the CPU it took to come so far."""
    while not consumer.assignment.rebalances:
        await asyncio.sleep(0.01)
    print("reads", flush=True)
    return time.process_time()


async def main(name: str, database: str, bootstrap: str, batch: str, instance: str) -> None:
    """Consume until SIGTERM, then print seconds of CPU since it had partitions, and megabytes at most."""
    settings = load(
        MetricsSettings,
        name,
        database_url=database,
        kafka_bootstrap=bootstrap,
        batch_size=int(batch),
        instance=instance,
        pool_size=4,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = await Database.connect(settings)
    tune_memory()
    consumer = Consumer(settings, db, FACTS)
    told = asyncio.create_task(tell(consumer))
    await consumer.run(stop)
    started = await told if told.done() else time.process_time()
    told.cancel()
    await db.close()
    print(f"{time.process_time() - started:.2f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
