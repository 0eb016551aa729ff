"""Messages as mail: invitations as iMIP (RFC 6047) in the shape that Outlook, Google and Apple all show buttons for."""

from email.headerregistry import Address
from email.message import EmailMessage
from uuid import UUID

from services.sessions.domain.calendar import one_line
from services.sessions.domain.letters import Text

LONGEST_SUBJECT = 200


class UnusableAddress(ValueError):
    """The recipient's address cannot be written into a mail."""


def mail(
    text: Text,
    to: str,
    name: str | None,
    organizer: str,
    message_id: UUID,
    calendar: tuple[str, bytes] | None,
    stamp: str,
) -> EmailMessage:
    """A mail with its calendar file, where it has one: (method, content). Raises UnusableAddress.

    The Message-ID is the queue's own: whoever gets it twice can tell. The calendar is the last alternative, with the
    METHOD that Outlook wants in the Content-Type, and once more as a file for clients that show no alternatives.
    """
    message = EmailMessage()
    try:
        message["From"] = Address("Peer learning", addr_spec=organizer)
        message["To"] = Address(one_line(name or ""), addr_spec=to)
    except (ValueError, IndexError) as error:
        raise UnusableAddress(UnusableAddress.__doc__) from error
    message["Subject"] = one_line(text.subject)[:LONGEST_SUBJECT]
    message["Date"] = stamp
    message["Message-ID"] = f"<{message_id}@{organizer.rsplit('@', 1)[-1]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    if calendar is not None:
        method, content = calendar
        # As bytes: a text part would lose the line ends that iCalendar wants (RFC 5545 3.1).
        message.add_alternative(content, "text", "calendar", params={"method": method, "charset": "utf-8"})
        message.add_attachment(content, maintype="application", subtype="ics", filename="invite.ics")
    return message
