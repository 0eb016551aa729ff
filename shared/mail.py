"""The only door to SMTP: one message in, what became of it out."""

import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from shared.courier import Outcome

SECONDS = 15.0
PORTS = {"smtp": 25, "smtps": 465}


class WrongMailAddress(ValueError):
    """The address of the mail server is not `smtp[s]://[user:password@]host[:port]`."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes. `smtp` takes STARTTLS where it is offered and demands it before a password is told."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def at(cls, url: str) -> "MailServer":
        """From `smtp://` or `smtps://`. Raises WrongMailAddress."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except (KeyError, ValueError) as error:
            raise WrongMailAddress(WrongMailAddress.__doc__) from error
        if not parts.hostname:
            raise WrongMailAddress(WrongMailAddress.__doc__)
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.hostname, port, parts.scheme == "smtps", user, password)

    async def send(self, message: EmailMessage) -> Outcome:
        """Hand one message over: 4xx and a silent server are `later`, 5xx is `never`."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                use_tls=self.tls,
                start_tls=True if self.user and not self.tls else None,
                username=self.user,
                password=self.password,
                timeout=SECONDS,
                tls_context=ssl.create_default_context() if self.tls or self.user else None,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(max(refusal.code for refusal in error.recipients))
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Outcome("later", type(error).__name__)
        return Outcome("done")


def _refused(code: int) -> Outcome:
    """By its code alone: what a server says may name the recipient."""
    return Outcome("never" if code >= 500 else "later", f"SMTP {code}", code)  # noqa: PLR2004 - RFC 5321 4.2.1
