"""What is said to people: one text for every channel, and nothing a closed session would not want read aloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.sessions.domain.asking import HEADLINES, family
from services.sessions.domain.calendar import Entry
from shared.refusal import Refused

MessageKind = Literal[
    "invitation", "cancellation", "reply_refused", "reminder", "nudge", "prompt", "digest", "notice", "seat",
    "free_seat", "confirmation",
]  # fmt: skip
CALENDAR: frozenset[str] = frozenset({"invitation", "cancellation"})
"""They belong into the calendar: by mail whatever somebody's channel is, and at any hour, for they ring nowhere."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

PROMPTS: Mapping[str, str] = {
    "feedback": "How was it? A few short questions about a session you attended. Nobody sees who answered what.",
    "check-in-30": "A month ago you attended a session. Have you used any of it? Your answer has no name.",
    "check-in-60": "Two months ago you attended a session. Have you used any of it? Your answer has no name.",
    "check-in-90": "Three months ago you attended a session. Have you used any of it? Your answer has no name.",
    "survey-before": "Before it begins: a few statements about how you work together. Your answer has no name.",
    "survey-after": "The same statements as at the beginning: what has changed? Your answer has no name.",
    "survey-later": "The same statements a last time: what has stayed? Your answer has no name.",
    "facilitation": "How were you led? Five statements about whoever leads your group. Your answer has no name.",
    "pulse": "Two statements about your group, to agree with or not. Your answer has no name.",
    "review": "Somebody's work waits for your review.",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A message in words. `session_id` is the session it can be answered about, where it is one."""

    subject: str
    lines: tuple[str, ...]
    session_id: UUID | None = None
    answerable: bool = False
    snoozable: bool = False
    given: str | None = None
    """The answer that was given, which is not offered again."""
    link: str | None = None
    """Where it is answered."""
    claimant: UUID | None = None
    """Who says that they are reached where this is read."""

    @property
    def buttons(self) -> tuple[tuple[str, str], ...]:
        """What a chat offers under it: actions, and what they are called."""
        if self.claimant is not None:
            return CONFIRM
        if self.session_id is None:
            return ()
        answers = tuple(one for one in ANSWERS if one[0] != self.given) if self.answerable else ()
        return answers + (SNOOZE if self.snoozable else ())

    @property
    def pressed_about(self) -> UUID | None:
        """What a button is about: the session, or whoever claims the address."""
        return self.claimant or self.session_id

    @property
    def body(self) -> str:
        """All of it, a line a paragraph."""
        return "\n\n".join((*self.lines, *((self.link,) if self.link else ()))) + "\n"


def when(entry: Entry, zone: str | None) -> str:
    """The time as the reader's clock shows it; the zone is always named."""
    name = zone or "UTC"
    begin, end = (moment.astimezone(ZoneInfo(name)) for moment in (entry.starts_at, entry.ends_at))
    return f"{in_words(begin)}, {begin:%H:%M} to {end:%H:%M} ({name})"


def day_in(moment: datetime, zone: str) -> str:
    """The day of an instant on the clocks of a zone."""
    return in_words(moment.astimezone(ZoneInfo(zone)))


def in_words(day: date) -> str:
    """A day as it is written in a sentence."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def session_text(kind: str, entry: Entry, zone: str | None, about: str) -> Text:
    """What is said of one session."""
    subject, lines = SESSION_TEXTS[kind]
    lines = STATE_TEXTS.get((kind, entry.state if kind == "cancellation" else entry.answer), lines)
    refusal = REFUSALS.get(about, "It could not be taken any more.")
    seat = SEATS.get(about, "a seat")
    said = (line.format(title=entry.summary, role=entry.role, refusal=refusal, seat=seat) for line in lines)
    subject = subject.format(title=entry.summary)
    arranged = entry.arranged if kind in ARRANGED else ()
    return Text(
        subject,
        (*said, *arranged, when(entry, zone)),
        entry.session_id,
        kind in ANSWERABLE,
        kind == "reminder" and about != "snoozed",
    )


def answered_text(said: str, entry: Entry, zone: str | None) -> Text:
    """What stands in a chat once a button was pressed: where one is now, and the way back."""
    subject, given = ANSWERED.get(said, ANSWERED["declined"])
    lines = (f"{subject} {entry.summary}.", *(entry.arranged if given == "accept" else ()), when(entry, zone))
    return Text(subject, lines, entry.session_id, answerable=True, given=given)


def claim_text(name: str | None, email: str, claimant: UUID) -> Text:
    """What is asked of whoever is at an address, with a name: they may be somebody else."""
    who = f"{name} ({email})" if name else email
    lines = (
        f"{who} wants messages about peer learning to come here, and to answer them here.",
        "Confirm it if that is you. If it is not, do nothing: nothing will come.",
    )
    return Text("Is this you?", lines, claimant=claimant)


def confirmed_text() -> Text:
    """What stands there once it was confirmed."""
    words = "Messages about peer learning come here from now on."
    return Text(words, (words,))


def refused_text(refusal: Refused) -> Text:
    """Why a pressed button has done nothing."""
    words = REFUSALS.get(code_of(refusal), "It could not be taken. Answer in the portal.")
    return Text(words, (words,))


def code_of(refusal: Refused) -> str:
    """A refusal's name as it is written in a problem's type."""
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in type(refusal).__name__).strip("-")


ANSWERED: Mapping[str, tuple[str, str]] = {
    "registered": ("You have a seat.", "accept"),
    "waitlisted": ("It is full: you are on the waitlist.", "accept"),
    "snooze": ("You will be reminded again: tomorrow, or an hour before it begins.", "accept"),
    "declined": ("You will not be expected.", "decline"),
}
"""By what came of it: what is said, and as which of the two answers it counts."""
ARRANGED = frozenset({"invitation", "reminder", "seat"})
"""They also say where it is held and what comes before and after it."""
ANSWERS = (("accept", "I will come"), ("decline", "I cannot"))
SNOOZE = (("snooze", "Remind me tomorrow"),)
CONFIRM = (("confirm", "Yes, this is me"),)
OPEN = "Answer"
ANSWERABLE = frozenset({"invitation", "nudge", "seat", "free_seat"})
SESSION_TEXTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "invitation": ("{title}", (
        "You are invited: {title}.", "You take part as {role}.", "Answer from your calendar.",
    )),
    "cancellation": ("Cancelled: {title}", ("You are not expected any more: {title} takes place without you.",)),
    "reply_refused": ("Your answer was not taken: {title}", ("Your answer arrived.", "{refusal}")),
    "reminder": ("Soon: {title}", ("You have a seat: {title}.",)),
    "nudge": ("Will you come? {title}", ("You have not answered yet: {title}.",)),
    "seat": ("You have a seat: {title}", (
        "Somebody cannot come, so that you have a seat. Say so if you cannot come either: others may be waiting.",
    )),
    "free_seat": ("A seat is free: {title}", (
        "You watch this session, and {seat} is free: {title}. Whoever signs up first has it.",
    )),
}  # fmt: skip
"""Subject and lines; the time comes last."""
STATE_TEXTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("invitation", "registered"): (
        "You have a seat: {title}.", "You take part as {role}.", "Say so from your calendar if you cannot come.",
    ),
    ("invitation", "waitlisted"): (
        "It is full, and you are on the waitlist: {title}.", "You will be told when there is a seat for you.",
    ),
    ("cancellation", "cancelled"): ("It will not take place: {title}.",),
}  # fmt: skip
"""Other lines for those who have answered already, and for everybody of what is called off."""
SEATS: Mapping[str, str] = {"in_person": "a seat in the room", "remote": "a remote seat"}
REFUSALS: Mapping[str, str] = {
    "session-is-cancelled": "The session has been cancelled.",
    "session-has-started": "The session has started.",
    "reply-outdated": "The session has changed since the invitation you answered; a newer one is in your calendar.",
    "answered-since": "You have given another answer after this one; that one counts.",
    "ground-rules-not-acknowledged": "Accept the group's ground rules first, then answer again.",
    "invitation-withdrawn": "You are not expected in this session any more.",
    "overlapping-times": "You have a seat in another session then: give it up first, and answer again.",
    "impossible-move": "Attendance has been recorded already.",
    "unknown-session": "There is no such session any more, or you are not invited.",
    "not-invited": "Nobody is known here by your address in this chat: say in the portal how you are reached.",
    "nothing-to-confirm": "Nobody asks to be reached here any more.",
    "nothing-to-put-off": "There is no reminder of it that can be put off once more.",
}


def digest_text(entries: Sequence[Entry], zone: str | None, about: str) -> Text:
    """What is ahead, in one message."""
    ahead = "today and tomorrow" if about == "daily" else "this week"
    lines = tuple(f"{when(entry, zone)}: {entry.summary}" for entry in entries)
    return Text(f"Peer learning {ahead}", (f"Your sessions {ahead}:", *lines))


def prompt_text(about: str) -> Text:
    """A question that waits."""
    return Text("A short question", (PROMPTS.get(about, "A short question waits for you."),))


def linked_text(about: str, link: str, until: date) -> Text:
    """A question that waits, with a link that opens it."""
    yours = f"This link is yours alone: until {in_words(until)} it takes one answer, without logging in."
    return Text(HEADLINES[family(about)], (PROMPTS[about], yours), link=link)


def notice_text(about: str) -> Text:
    """Something somebody has to know, without what it says."""
    said = {
        "concern": "Somebody has raised a concern and you are the person they can turn to. Read it in the portal.",
        "question": "A question for you, asked without a name, waits in the portal.",
        "rules": "The ground rules of your group have changed. Accept them before you join again.",
        "review-escalated": "Reviewers of a work differ; your word is asked for.",
        "review-delivered": "The reviews of your work are complete.",
        "knowledge-expired": "Something you left for others has expired. Say in the portal whether it still holds.",
        "accommodation": "Somebody needs something to take part in a session you lead. Read it in the portal.",
        "poll": "Your group is asked how and how often it wants to meet. Vote in the portal.",
        "momentum": "Your group has not met for a while. Propose a time in the portal, or say that it is over.",
        "circle": "Somebody has joined your circle or left it. The portal says who is in it now; your sessions stay.",
        "suggestion": "Something you suggested has been answered. Read it in the portal.",
        "consent": "Words of yours were written down for others to read. Say in the portal whether they may.",
        "capture": "Few know what you know. A session to pass it on is being planned; you may decline in the portal.",
    }
    return Text("A note from peer learning", (said.get(about, "There is news in the portal."),))


def slack(text: Text, address: str) -> dict[str, Any]:
    """chat.postMessage with Block Kit."""
    return {"channel": address, **slack_words(text), "unfurl_links": False}


def slack_words(text: Text) -> dict[str, Any]:
    """Block Kit: plain text only, so that nothing in a title is markup."""
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": line[:3000], "emoji": False}} for line in text.lines
    ]
    if text.buttons:
        buttons = [
            {"type": "button", "action_id": action, "value": str(text.pressed_about),
             "text": {"type": "plain_text", "text": label}}
            for action, label in text.buttons
        ]  # fmt: skip
        blocks.append({"type": "actions", "elements": buttons})
    if text.link:  # a button with an address would be sent to us as well when it is pressed
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{text.link}|{OPEN}>"}})
    return {"text": text.subject, "blocks": blocks}


def teams(text: Text, address: str) -> dict[str, Any]:
    """A card for a workflow that posts it to `recipient`."""
    return {"type": "message", "recipient": address, "attachments": [teams_card(text)]}


def teams_card(text: Text) -> dict[str, Any]:
    """An Adaptive Card 1.5."""
    body = [{"type": "TextBlock", "text": text.subject, "weight": "Bolder", "wrap": True}]
    body += [{"type": "TextBlock", "text": line, "wrap": True} for line in text.lines]
    actions: list[dict[str, Any]] = [
        {"type": "Action.Submit", "title": label, "data": {"action": action, "session": str(text.pressed_about)}}
        for action, label in text.buttons
    ]
    actions += [{"type": "Action.OpenUrl", "title": OPEN, "url": text.link}] if text.link else []
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
            "body": body, "actions": actions}  # fmt: skip
    return {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
