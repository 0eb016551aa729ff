"""The beginning: a skills taxonomy, and all that the HR system knows, told through Kafka."""

import asyncio
import json
from collections.abc import Iterable
from functools import partial

from confluent_kafka import KafkaError, Message

from deploy.local.sample.publish import Publisher, Record, unit_record, worker_record
from deploy.local.sample.skills import ALL
from deploy.local.story.cast import ADMIN, People, Setting
from deploy.local.story.client import eventually

JSON_LINES = {"Content-Type": "application/jsonl"}


class Remembering(Publisher):
    """Also remembers what the broker has acknowledged: those events must never be lost."""

    def __init__(self, bootstrap: str, delivered: dict[str, set[str]]) -> None:
        """Write topics and event ids into `delivered`."""
        super().__init__(bootstrap)
        self._ids = delivered

    def _settle(self, error: KafkaError | None, message: Message, event_id: str, trace_id: str) -> None:
        super()._settle(error, message, event_id, trace_id)
        if error is None:
            self._ids.setdefault(message.topic() or "", set()).add(event_id)


async def import_skills(setting: Setting) -> None:
    """Bring the taxonomy in. Raises Unexpected."""
    with setting.steps.step("Skills taxonomy") as step:
        lines = "".join(json.dumps({"skill_id": skill.uri, "label": skill.label}) + "\n" for skill in ALL)
        answer = await setting.services.send(
            ADMIN, "directory", "POST", "/v1/skills/import", content=lines.encode(), headers=JSON_LINES
        )
        results = [json.loads(line)["result"] for line in answer.text.splitlines()]
        step.note = ", ".join(f"{results.count(result)} {result}" for result in dict.fromkeys(results))


async def publish_feed(setting: Setting) -> dict[str, set[str]]:
    """Tell Kafka about everybody, as any outside system would; returns the ids of the events, by topic."""
    delivered: dict[str, set[str]] = {}
    units = {unit.code for unit in setting.organization.units()}
    with setting.steps.step("HR feed published") as step:
        # Any order ends the same; with the units known first nobody is told of twice.
        await asyncio.to_thread(_publish, setting, map(unit_record, setting.organization.units()), delivered)
        await eventually("every unit in the directory", partial(_all_units, setting, units))
        await asyncio.to_thread(_publish, setting, map(worker_record, setting.organization.workers()), delivered)
        step.note = ", ".join(f"{len(ids)} events on {topic}" for topic, ids in sorted(delivered.items()))
    return delivered


def _publish(setting: Setting, records: Iterable[Record], delivered: dict[str, set[str]]) -> None:
    publisher = Remembering(setting.bootstrap, delivered)
    for record in records:
        publisher.send(record)
    publisher.close()


async def everybody_known(setting: Setting) -> People:
    """Wait until the directory knows every worker, with their manager. Raises NeverHappened."""
    workers = {worker.employee_number: worker.manager_employee_number for worker in setting.organization.workers()}
    with setting.steps.step("Directory knows everybody") as step:
        step.expect(len(workers))
        last = [*workers][-1]
        await eventually("the last worker in the directory", partial(_known, setting, last))
        people = await eventually("every worker in the directory", partial(_all_known, setting, workers))
        step.note = f"{len(people.number_of)} people"
    return people


async def _known(setting: Setting, number: str) -> bool | None:
    page = await setting.services.get(ADMIN, "directory", "/v1/people", employee_number=number)
    return bool(page["items"]) or None


async def _all_known(setting: Setting, managers: dict[str, str | None]) -> People | None:
    """Whoever has a manager in the feed must have one in the directory: people come before their managers too."""
    cards = await setting.services.all(ADMIN, "directory", "/v1/people")
    settled = {
        card["employee_number"] for card in cards if card["manager_id"] or not managers.get(card["employee_number"])
    }
    return People.of(cards) if settled >= managers.keys() else None


async def _all_units(setting: Setting, codes: set[str]) -> bool | None:
    units = await setting.services.all(ADMIN, "directory", "/v1/units")
    return codes <= {unit["code"] for unit in units} or None
