"""The one page for people: what they are asked, behind the link in a message. HTML, no script."""
