"""A state set in a table is written in the words of its own column."""

from __future__ import annotations

import pytest

from cockpit.checklists import Status, parse
from cockpit.checklists.editing.edit import edit


def table(*cells: str) -> str:
    rows = "".join(f"| t{n} | {cell} |\n" for n, cell in enumerate(cells))
    return f"| Task | Status |\n|---|---|\n{rows}"


def written(text: str, status: Status) -> str:
    """The marker of the first cell after it was set."""
    data = text.encode()
    changed = parse(edit(data, parse(data).items[0], status).apply(data)).items[0]
    assert changed.status is status
    return changed.marker


@pytest.mark.parametrize(
    ("cells", "status", "expected"),
    [
        (("TODO", "DONE", "TODO"), Status.DONE, "DONE"),
        (("DONE", "DONE", "TODO"), Status.TODO, "TODO"),
        (("todo", "Done", "Done", "complete"), Status.DONE, "Done"),
        (("⏳ TODO", "✅ DONE"), Status.DONE, "✅ DONE"),
        # Where the column has no such word, or writes it in another way, the usual one is taken.
        (("TODO", "TODO"), Status.DONE, "COMPLETE"),
        (("TODO", "✅"), Status.DONE, "COMPLETE"),
        (("TODO", "60%", "MOSTLY DONE"), Status.DOING, "IN PROGRESS"),
        (("TODO by law", "ON HOLD"), Status.DEFERRED, "DEFERRED"),
        (("[ ]", "DONE"), Status.DONE, "x"),
    ],
)
def test_a_cell_takes_the_word_of_its_column(
    cells: tuple[str, ...], status: Status, expected: str
) -> None:
    assert written(table(*cells), status) == expected


def test_another_tables_words_are_not_this_ones() -> None:
    assert written(f"{table('TODO')}\n{table('DONE')}", Status.DONE) == "COMPLETE"
