"""The page for people: HTML, one style sheet, no script."""
