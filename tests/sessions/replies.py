"""Answers as the common calendars send them, written anew with each one's habits."""

import base64
import quopri


def outlook(uid: str, attendee: str, answer: str, sequence: int) -> bytes:
    """Exchange: one base64 calendar in an alternative, MAILTO in capitals, a Windows zone, a comment."""
    ics = "\r\n".join((
        "BEGIN:VCALENDAR", "METHOD:REPLY", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0",
        "BEGIN:VTIMEZONE", "TZID:W. Europe Standard Time",
        "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
        "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
        "BEGIN:VEVENT", f"ATTENDEE;PARTSTAT={answer};CN=Lovelace\\, Ada:MAILTO:{attendee.upper()}",
        "COMMENT;LANGUAGE=de-DE:Gerne!\\n", f"UID:{uid}", "SUMMARY;LANGUAGE=de-DE:Zugesagt: Mentoring circle",
        "DTSTART;TZID=W. Europe Standard Time:20260601T090000",
        "DTEND;TZID=W. Europe Standard Time:20260601T100000", "CLASS:PUBLIC", "PRIORITY:5",
        "DTSTAMP:20260520T100000Z", "TRANSP:OPAQUE", "STATUS:CONFIRMED", f"SEQUENCE:{sequence}", "LOCATION:",
        "X-MICROSOFT-CDO-APPT-SEQUENCE:0", "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
    body = base64.encodebytes(ics.encode()).decode().replace("\n", "\r\n")
    return (
        f'From: "Lovelace, Ada" <{attendee}>\r\nTo: peer-learning@lateral.invalid\r\nSubject: Zugesagt: Circle\r\n'
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="_000_x"\r\n\r\n'
        '--_000_x\r\nContent-Type: text/plain; charset="iso-8859-1"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
        '\r\nGerne!=0D=0A\r\n--_000_x\r\nContent-Type: text/calendar; charset="utf-8"; method=REPLY\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n--_000_x--\r\n"
    ).encode()  # fmt: skip


def google(uid: str, attendee: str, answer: str, sequence: int) -> bytes:
    """Calendar: the same file twice, folded lines, parameters of its own, DTSTART in UTC."""
    ics = "\r\n".join((
        "BEGIN:VCALENDAR", "PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0", "CALSCALE:GREGORIAN",
        "METHOD:REPLY", "BEGIN:VEVENT", "DTSTART:20260601T070000Z", "DTEND:20260601T080000Z",
        "DTSTAMP:20260520T100000Z", "ORGANIZER;CN=Peer learning:mailto:peer-learning@lateral.invalid",
        f"UID:{uid[:20]}", f" {uid[20:]}",
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={answer};CN=",
        f" Ada;X-NUM-GUESTS=0:mailto:{attendee}",
        "CREATED:20260519T100000Z", "DESCRIPTION:", "LAST-MODIFIED:20260520T100000Z", f"SEQUENCE:{sequence}",
        "STATUS:CONFIRMED", "SUMMARY:Mentoring circle", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
    return (
        f"From: Ada <{attendee}>\r\nSender: Google Calendar <calendar-notification@google.com>\r\n"
        "Subject: Accepted: Mentoring circle\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="m"\r\n\r\n--m\r\n'
        'Content-Type: multipart/alternative; boundary="a"\r\n'
        '\r\n--a\r\nContent-Type: text/plain; charset="UTF-8"\r\n\r\nAda has accepted.\r\n'
        '--a\r\nContent-Type: text/calendar; charset="UTF-8"; method=REPLY\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'
        f'{ics}\r\n--a--\r\n--m\r\nContent-Type: application/ics; name="invite.ics"\r\n'
        f'Content-Disposition: attachment; filename="invite.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{base64.b64encode(ics.encode()).decode()}\r\n--m--\r\n"
    ).encode()  # fmt: skip


def apple(uid: str, attendee: str, answer: str, sequence: int) -> bytes:
    """Mail: no alternative at all, the file is attached, quoted-printable, the UID in capitals."""
    ics = "\r\n".join((
        "BEGIN:VCALENDAR", "CALSCALE:GREGORIAN", "VERSION:2.0", "METHOD:REPLY", "PRODID:-//Apple Inc.//macOS 15.1//EN",
        "BEGIN:VEVENT", f"UID:{uid.replace('@lateral', '').upper()}@lateral", "DTEND:20260601T080000Z",
        f"SEQUENCE:{sequence}", "SUMMARY:Mentoring circle", "LAST-MODIFIED:20260520T100000Z",
        "DTSTAMP:20260520T100000Z", "DTSTART:20260601T070000Z", "CREATED:20260520T100000Z",
        f'ATTENDEE;CN="Ada Lovelace";CUTYPE=INDIVIDUAL;EMAIL="{attendee}";PARTSTAT={answer}:mailto:{attendee}',
        "ORGANIZER:mailto:peer-learning@lateral.invalid", "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
    body = quopri.encodestring(ics.replace("\r\n", "\n").encode()).decode().replace("\n", "\r\n")
    return (
        f'From: {attendee}\r\nSubject: Accepted\r\nMime-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="q"\r\n'
        "\r\n--q\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\r\n--q\r\n"
        'Content-Type: application/octet-stream; name="iCal-2026.ics"\r\n'
        'Content-Disposition: attachment; filename="iCal-2026.ics"\r\n'
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n--q--\r\n"
    ).encode()  # fmt: skip


CLIENTS = {"outlook": outlook, "google": google, "apple": apple}
