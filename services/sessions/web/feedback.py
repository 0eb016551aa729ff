"""What somebody is asked, behind a link that is good for one answer: a page that asks, and one that thanks."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from services.sessions.commands import feedback_links as commands
from services.sessions.domain.feeds import token_hash
from services.sessions.domain.forms import OtherForm
from services.sessions.queries import feedback_links as queries
from services.sessions.web import said as forms
from services.sessions.web.pages import html
from shared.auth import Principal
from shared.db import Connection
from shared.edge import Edge, EdgeCall, Unread
from shared.refusal import InvalidRequest, NotFound, Refused

router = APIRouter(include_in_schema=False)
LARGEST_FORM = 32 * 1024
PROBLEMS = {
    "feedback": "Answer every question, and write 2000 characters at most.",
    "check-in": "Write numbers, up to 1000 uses, 120 days and 10000 minutes; after 0 uses leave the next four empty.",
    "survey": "Answer every statement. A code is at least 16 letters, digits and hyphens; you may leave it empty.",
}
THANKS = "Your answer is kept, and nobody can find out that it is yours."


@router.get("/feedback/{token}", response_class=HTMLResponse)
async def ask_for_feedback(token: str, edge: Edge) -> Response:
    """Reading a link uses nothing up: mail programs and scanners follow links."""
    return await _questions(edge, token, {})


@router.post("/feedback", response_class=HTMLResponse, max_body_size=LARGEST_FORM)
async def take_feedback(edge: Edge) -> Response:
    """One answer. The secret comes in the body: a path would stand in the audit trail."""
    said = forms.fields(await edge.request.body())
    token = said.get("token", "")
    edge.request.state.principal = _bearer(token)
    try:
        answered, give = forms.read(said)

        async def work(conn: Connection) -> None:
            await commands.answer(conn, token, answered, give)

        await edge.write(work, body=Unread())
    except (InvalidRequest, OtherForm) as refusal:
        return await _questions(edge, token, said, refusal)
    except Refused as refusal:
        return _refused(refusal)
    code = said.get("code", "").strip() if answered == "survey" else ""
    return html("said.html", title="Thank you", detail=THANKS, code=code)


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
    if isinstance(refusal, OtherForm):
        said, problem = {}, "Other questions are asked now: here they are."
    else:
        problem = PROBLEMS.get(form["family"], "Answer every question.") if refusal else ""
    status = refusal.status if refusal else 200
    return html("questions.html", status=status, token=token, given=said, problem=problem, **form)


def _refused(refusal: Refused) -> Response:
    title = "There is nothing here" if isinstance(refusal, NotFound) else "No answer is taken"
    return html("said.html", status=refusal.status, title=title, detail=refusal.detail, code="")


def _bearer(token: str) -> Principal:
    """Who bears a link: each one for itself, so that a key for repetition is never somebody else's."""
    return Principal(subject=f"feedback link {token_hash(token).hex()[:16]}", person_id=None, roles=frozenset())
