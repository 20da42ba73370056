"""All anchors in one pass are the anchors made one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import anchor_of, anchors_of, parse

LINES = st.sampled_from(
    [
        "- [ ] a",
        "- [x] a",
        "  - [ ] a",
        "1. [ ] b",
        "# One",
        "## Two",
        "",
        "✅ c",
        "| a | ✅ |",
        "words",
    ]
)


@given(st.lists(LINES, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_one_pass_gives_what_one_by_one_gives(lines: list[str], newline: str) -> None:
    document = parse(newline.join(lines).encode())
    assert anchors_of(document) == tuple(anchor_of(document, item) for item in document.items)
