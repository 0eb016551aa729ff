"""The questions after a session, behind a link that is good for one answer: a page that asks, and one that thanks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.sessions.api.feedback import STANDARD_NAMES, NewFeedback
from services.sessions.commands import feedback_links as commands
from services.sessions.domain.feeds import token_hash
from services.sessions.domain.forms import MOST_QUESTIONS, OtherForm
from services.sessions.queries import feedback_links as queries
from services.sessions.web.pages import html
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge, EdgeCall, Unread
from shared.refusal import InvalidRequest, NotFound, Refused

router = APIRouter(include_in_schema=False)
LARGEST_FORM = 32 * 1024
SCORES = tuple(f"score{place}" for place in range(MOST_QUESTIONS))


@router.get("/feedback/{token}", response_class=HTMLResponse)
async def ask_for_feedback(token: str, edge: Edge) -> Response:
    """Reading a link uses nothing up: mail programs and scanners follow links."""
    return await _questions(edge, token, {})


@router.post("/feedback", response_class=HTMLResponse, max_body_size=LARGEST_FORM)
async def take_feedback(edge: Edge) -> Response:
    """One answer. The secret comes in the body: a path would stand in the audit trail."""
    said = _said(await edge.request.body())
    token = said.get("token", "")
    edge.request.state.principal = _bearer(token)
    try:
        body = _read(said)
        answer, own = body.standard(), body.own
        version = ((own.form_id, own.form_version), own.scores) if own else None

        async def work(conn: Connection) -> None:
            await commands.answer(conn, token, answer, body.comment or None, version)

        await edge.write(work, body=Unread())
    except (InvalidRequest, OtherForm) as refusal:
        return await _questions(edge, token, said, refusal)
    except Refused as refusal:
        return _refused(refusal)
    return html("said.html", title="Thank you", detail="Your answer is kept, and nobody can find out that it is yours.")


async def _questions(
    edge: EdgeCall, token: str, said: Mapping[str, str], refusal: InvalidRequest | OtherForm | None = None
) -> Response:
    """The form, or the same form again with what was given and what is wrong with it."""
    form: dict[str, Any] = {}

    async def work(conn: Connection) -> Response:
        form.update(await queries.linked_form(conn, token))
        return Response()

    try:
        await edge.read(work)
    except Refused as refused:
        return _refused(refused)
    given = [int(score) if score.isdecimal() else None for score in (said.get(name, "")[:2] for name in SCORES)]
    if isinstance(refusal, OtherForm):
        given, problem = [None] * len(SCORES), "Other questions are asked now: here they are."
    else:
        problem = "Answer every question, and write 2000 characters at most." if refusal else ""
    status = refusal.status if refusal else 200
    return html(
        "questions.html", status=status, token=token, given=given, comment=said.get("comment", ""), problem=problem,
        **form,
    )  # fmt: skip


def _refused(refusal: Refused) -> Response:
    title = "There is nothing here" if isinstance(refusal, NotFound) else "No answer is taken"
    return html("said.html", status=refusal.status, title=title, detail=refusal.detail)


def _said(content: bytes) -> dict[str, str]:
    """The fields of a form as browsers send them, the last one of each name. Raises InvalidRequest."""
    try:
        fields = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise InvalidRequest.naming("body", "is no form") from error
    return {name: values[-1] for name, values in fields.items()}


def _read(said: Mapping[str, str]) -> NewFeedback:
    """What the routes for tokens take, from the form's fields. Raises InvalidRequest."""
    scores = [said[name] for name in SCORES if name in said]
    try:
        if form_id := said.get("form_id"):
            own = {"form_id": form_id, "form_version": said.get("form_version"), "scores": scores}
            return NewFeedback.model_validate({"own": own})
        given = dict(zip(STANDARD_NAMES, scores, strict=False))
        return NewFeedback.model_validate({**given, "comment": said.get("comment")})
    except ValidationError as error:
        fields = [{"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
        raise InvalidRequest("The answers do not fit the questions.", errors=fields) from error


def _bearer(token: str) -> Principal:
    """Who bears a link: each one for itself, so that a key for repetition is never somebody else's."""
    return Principal(subject=f"feedback link {token_hash(token).hex()[:16]}", person_id=None, roles=frozenset())
