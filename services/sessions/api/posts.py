"""How much a group posts where it is linked to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.sessions.api.caller import caller
from services.sessions.api.times import Day
from services.sessions.commands.posts import count_posts
from shared.db import Connection
from shared.edge import Edge

router = APIRouter(tags=["groups"])


class Posts(BaseModel):
    """So many posts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"posts": 12}]})

    posts: Annotated[int, Field(ge=0, le=100_000)]


class CountedPosts(Posts):
    """So many on a day."""

    group_id: UUID
    day: Day


@router.put("/v1/groups/{group_id}/posts/{day}", response_model=CountedPosts, summary="Count what was posted on a day")
async def put_posts(group_id: UUID, day: Day, body: Posts, edge: Edge) -> Response:
    """Of a workgroup or forum that has a link; by whoever leads it. Again says it anew."""
    by = caller(edge.principal)

    async def work(conn: Connection) -> CountedPosts:
        await count_posts(conn, group_id, day, body.posts, by)
        return CountedPosts(group_id=group_id, day=day, posts=body.posts)

    return await edge.write(work, body=body)
