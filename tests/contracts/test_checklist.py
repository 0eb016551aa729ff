"""The checklist: every row is shown by a test, and no test names a row that is not there."""

from docs.checklist import ROWS, shown


def test_every_row_of_the_checklist_is_shown_by_a_test() -> None:
    assert {row for rows in ROWS.values() for row in rows} == set(shown())
