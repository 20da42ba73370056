"""JSON that can be drawn as it is and still says exactly what it said."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cockpit.text import json_text, sanitize


@given(st.text(st.characters(), max_size=40))
def test_nothing_is_left_that_moves_a_cursor_and_nothing_is_lost(text: str) -> None:
    drawn = json_text({text: [text]})
    assert sanitize(drawn) == drawn
    assert json.loads(drawn) == json.loads(json.dumps({text: [text]}))


def test_what_people_read_stays_as_it_is() -> None:
    assert json_text({"größer": "✖"}) == '{"größer": "✖"}'
    assert json_text("\u202ea\x7f\U000e0041\x9b") == '"\\u202ea\\u007f\\udb40\\udc41\\u009b"'
