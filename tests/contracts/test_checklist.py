"""The checklist: every row is shown by a test or said to be open, and no test names a row that is not there."""

from docs.checklist import OPEN, ROWS, shown


def test_every_row_of_the_checklist_is_shown_by_a_test_or_open() -> None:
    rows = {row for part in ROWS.values() for row in part}
    assert rows - set(OPEN) == set(shown())
