"""What sessions is told beside what every service is."""

from shared.settings import Settings


class SessionsSettings(Settings):
    """Calendar files need an address of ours and somebody who invites."""

    public_url: str = "http://127.0.0.1:8103"
    """Where people reach this service from outside."""
    organizer_email: str = "peer-learning@lateral.invalid"
    """ORGANIZER of invitations; answers by mail go there."""
    smtp_url: str | None = None
    """`smtp[s]://[user:password@]host[:port]`; unset sends no mail."""
    slack_url: str = "https://slack.com/api/chat.postMessage"
    slack_token: str | None = None
    """Bot token; unset sends nothing to Slack."""
    slack_signing_secret: str | None = None
    """Proves that a pressed button comes from Slack; unset takes none."""
    teams_url: str | None = None
    """A workflow that posts a card to its `recipient`; unset sends nothing to Teams."""
    teams_secret: str | None = None
    """The outgoing webhook's token in base64; unset takes no answers from Teams."""
    posting_networks: tuple[str, ...] = ()
    """Networks of ours, in CIDR notation, that webhooks and chats may be posted to, also by plain http."""
