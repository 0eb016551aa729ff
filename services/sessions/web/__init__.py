"""The one page for people: the questions after a session, behind the link in a message. HTML, no script."""
