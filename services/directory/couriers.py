"""What is delivered outside the database: event tokens to subscribers who have them pushed (RFC 8935)."""

from collections.abc import Sequence

from services.directory.commands.security_events import claim, settle
from services.directory.domain.security_event import MEDIA_TYPE, claims_of, signed, signing_key
from services.directory.settings import DirectorySettings, provisioning
from shared.courier import Courier, Outcome
from shared.db import Record
from shared.posting import Guard, post


def couriers(settings: DirectorySettings) -> Sequence[Courier]:
    """Those that have a key to sign with."""
    key = provisioning().event_key
    if key is None:
        return ()
    return (Courier("scim-events", claim, Pusher(settings, key.get_secret_value()).push, settle),)


class Pusher:
    """Takes a token to its subscriber."""

    def __init__(self, settings: DirectorySettings, key: str) -> None:
        self._issuer = settings.badge_issuer_url
        self._guard = Guard.allowing(settings.posting_networks)
        self._key = signing_key(key)

    async def push(self, event: Record) -> Outcome:
        """One attempt."""
        claims = claims_of(self._issuer, event["subscriber"], dict(event))
        headers = {"Content-Type": MEDIA_TYPE, "Accept": "application/json"}
        if event["secret"]:
            headers["Authorization"] = event["secret"]
        return await post(event["endpoint"], signed(self._key, claims).encode(), headers, self._guard)
