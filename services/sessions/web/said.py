"""What a page's form says, read with the models of the routes for tokens."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

from services.sessions.api.facilitation import NewRating
from services.sessions.api.feedback import STANDARD_NAMES, NewFeedback
from services.sessions.api.follow_up import NewAnswer, NewCheckIn
from services.sessions.commands import answers
from services.sessions.commands.feedback import give_feedback
from services.sessions.commands.feedback_links import Give
from services.sessions.domain.forms import SIZES
from shared.db import Connection, Record
from shared.events.follow_up import FacilitationAnswer, TransferAnswer
from shared.refusal import InvalidRequest

Said = Mapping[str, str]
SCORES = tuple(f"score{place}" for place in range(max(most for _, most in SIZES.values())))


def fields(content: bytes) -> dict[str, str]:
    """The fields of a form as browsers send them, the last one of each name. Raises InvalidRequest."""
    try:
        found = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise InvalidRequest.naming("body", "is no form") from error
    return {name: values[-1] for name, values in found.items()}


def read(said: Said) -> tuple[str, Give]:
    """Which family of questions was answered, and how to give the answer. Raises InvalidRequest."""
    answered = said.get("family", "feedback")
    if answered not in READERS:
        raise InvalidRequest.naming("family", f"must be one of {', '.join(READERS)}")
    try:
        return answered, READERS[answered](said)
    except ValidationError as error:
        wrong = [{"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
        raise InvalidRequest("The answers do not fit the questions.", errors=wrong) from error


def _feedback(said: Said) -> Give:
    if form_id := said.get("form_id"):
        own = {"form_id": form_id, "form_version": said.get("form_version"), "scores": _scores(said)}
        body = NewFeedback.model_validate({"own": own})
    else:
        given = dict(zip(STANDARD_NAMES, _scores(said), strict=False))
        body = NewFeedback.model_validate({**given, "comment": said.get("comment")})
    standard = body.standard()
    version = ((body.own.form_id, body.own.form_version), body.own.scores) if body.own else None

    async def give(conn: Connection, link: Record) -> None:
        await give_feedback(conn, link["subject_id"], link["person_id"], standard, body.comment or None, version)

    return give


def _check_in(said: Said) -> Give:
    answer = TransferAnswer(**_filled(NewCheckIn, said).model_dump())

    async def give(conn: Connection, link: Record) -> None:
        day = int(link["kind"].rsplit("-", 1)[-1])
        await answers.check_in(conn, link["subject_id"], day, link["person_id"], answer)

    return give


def _facilitation(said: Said) -> Give:
    answer = FacilitationAnswer(**_filled(NewRating, said).model_dump())

    async def give(conn: Connection, link: Record) -> None:
        await answers.rate_facilitator(conn, link["subject_id"], link["person_id"], answer)

    return give


def _survey(said: Said) -> Give:
    """The wave is the link's; a code that is left empty pairs nothing."""
    code = said.get("code", "").strip() or None
    body = NewAnswer.model_validate({"wave": "pulse", "scores": _scores(said), "token": code})

    async def give(conn: Connection, link: Record) -> None:
        wave = link["kind"].removeprefix("survey-")
        await answers.answer_survey(conn, link["subject_id"], wave, link["person_id"], body.scores, body.token)

    return give


READERS: Mapping[str, Callable[[Said], Give]] = {
    "feedback": _feedback,
    "check-in": _check_in,
    "facilitation": _facilitation,
    "survey": _survey,
    "pulse": _survey,
}


def _scores(said: Said) -> list[str]:
    return [said[name] for name in SCORES if name in said]


def _filled(model: type[BaseModel], said: Said) -> BaseModel:
    """What was filled in of a model's fields: an empty field of a form is none."""
    return model.model_validate({name: said[name] for name in model.model_fields if said.get(name)})
