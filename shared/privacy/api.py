"""What a service holds of people, as it is in its database now: for works councils, auditors and people themselves."""

from collections import defaultdict
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from shared import sql
from shared.db import Connection, Record
from shared.edge import Edge
from shared.privacy import trail
from shared.privacy.catalogue import MEANING, Catalogue, Table
from shared.privacy.retention import policy
from shared.settings import Settings

SQL = sql.load("shared", "privacy")


class Column(BaseModel):
    """A column: what it is for, its class, how long it stays, who reads it, and what its comment says."""

    name: str
    type: str
    comment: str | None
    purpose: str
    data_class: str
    kept_days: int | None
    read_by: str


class Held(BaseModel):
    """A table: why it exists, whether its rows are about people, and how long they stay."""

    table: str
    purpose: str
    data_class: str
    about_people: bool
    handed_over: bool
    mentions: list[str]
    kept_days: int | None
    last_purge_at: datetime | None
    last_purge_rows: int | None
    columns: list[Column]


class PrivacyCatalogue(BaseModel):
    """All that one service holds."""

    service: str
    classes: dict[str, str]
    tables: list[Held]


def catalogue_router(catalogue: Catalogue, settings: Settings) -> APIRouter:
    """The routes every service has."""
    router = APIRouter(tags=["privacy"])
    router.include_router(trail.router)
    days = policy(settings.retention_days)

    def column(table: Table, row: Record) -> Column:
        name, comment = row["name"], row["comment"]
        return Column(
            name=name,
            type=row["type"],
            comment=comment,
            purpose=catalogue.purpose_of(table, name, comment),
            data_class=table.data_class,
            kept_days=days[table.data_class],
            read_by=table.read_by(name),
        )

    @router.get("/v1/privacy/catalogue", response_model=PrivacyCatalogue, summary="What is held, why, how long")
    async def get_catalogue(edge: Edge) -> Response:
        """Every table and column of the database, with purpose and retention."""

        async def work(conn: Connection) -> PrivacyCatalogue:
            columns: defaultdict[str, list[Record]] = defaultdict(list)
            for row in await conn.fetch(SQL.columns):
                columns[row["table_name"]].append(row)
            purges = {row["table_name"]: row for row in await conn.fetch(SQL.latest_purges)}
            return PrivacyCatalogue(
                service=catalogue.service,
                classes=dict(MEANING),
                tables=[
                    Held(
                        table=table.name,
                        purpose=table.purpose,
                        data_class=table.data_class,
                        about_people=table.about is not None or bool(table.mentions),
                        handed_over=table.about is not None and not table.remembers_erased,
                        mentions=list(table.mentions),
                        kept_days=days[table.data_class],
                        last_purge_at=purges[table.name]["at"] if table.name in purges else None,
                        last_purge_rows=purges[table.name]["rows"] if table.name in purges else None,
                        columns=[column(table, row) for row in columns[table.name]],
                    )
                    for table in catalogue.tables
                ],
            )

        return await edge.read(work)

    return router
