"""What sessions is told beside what every service is."""

from shared.settings import Settings


class SessionsSettings(Settings):
    """Calendar files need an address of ours and somebody who invites."""

    public_url: str = "http://127.0.0.1:8103"
    """Where people reach this service from outside."""
    organizer_email: str = "peer-learning@lateral.invalid"
    """ORGANIZER of invitations; answers by mail go there."""
