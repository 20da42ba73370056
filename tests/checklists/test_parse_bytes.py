"""Odd bytes: whatever a file holds, markers are found where they are and nothing else moves."""

from __future__ import annotations

import pytest

from cockpit.checklists import Form, Status, edit, parse


def lines_and_markers(data: bytes) -> list[tuple[int, bytes]]:
    return [(i.line, data[i.span[0] : i.span[1]]) for i in parse(data).items]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbf- [x] bom\n", [(1, b"x")]),
        (b"- [ ] a\r\n- [x] b\r\n", [(1, b" "), (2, b"x")]),
        (b"- [ ] a\r- [x] b\r", [(1, b" "), (2, b"x")]),
        (b"- [ ] a\n- [x] b\r\n- [~] c\r- [ ] d", [(1, b" "), (2, b"x"), (3, b"~"), (4, b" ")]),
        (b"- [ ] a\x0bb\x0cc\n- [x] d\n", [(1, b" "), (2, b"x")]),
        ("- [ ] a\u0085b\u2028c\n- [x] d\n".encode(), [(1, b" "), (2, b"x")]),
        (b"text \xff\xfe\xe2\x9c\n- [x] a \xff\n", [(2, b"x")]),
        (b"- [\xff] a\n- [x] b\n", [(1, b"\xff"), (2, b"x")]),
        (b"- [ ] a\x00b\n\x00- [x] c\n- [x] d\n", [(1, b" "), (3, b"x")]),
        (b"---\ntitle: x\nlist:\n- [ ] no\n---\n- [x] b\n", [(6, b"x")]),
        (b"---\n- [ ] a\n---\n", [(2, b" ")]),
        (b"---\ntitle: never closed\n\n- [ ] a\n", [(4, b" ")]),
        (b"\xef\xbb\xbf---\r\nk: v\r\n---\r\n- [ ] a", [(4, b" ")]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_where_markers_stand(data: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert lines_and_markers(data) == expected


def test_encoding_facts() -> None:
    encoding = parse(b"\xef\xbb\xbfa\r\nb\nc\xff").encoding
    assert not encoding.valid
    assert encoding.newlines == {"\r\n", "\n"}
    assert not encoding.repaired


def test_utf16_is_not_read_as_something_else() -> None:
    document = parse("- [ ] a\n".encode("utf-16"))
    assert document.encoding.utf16
    assert document.items == ()


def double(text: str, page: str = "cp1252") -> bytes:
    return "".join(bytes((b,)).decode(page, "ignore") or chr(b) for b in text.encode()).encode()


@pytest.mark.parametrize("page", ["cp1252", "cp1254"])
def test_double_encoded_text_is_shown_repaired(page: str) -> None:
    data = double("## ✅ Plan — day one\n\n- ⏳ It’s pending\n- [ ] **tick** → go\n", page)
    document = parse(data)
    assert [(i.form, i.status, i.text) for i in document.items] == [
        (Form.HEADING, Status.DONE, "Plan — day one"),
        (Form.EMOJI, Status.TODO, "It’s pending"),
        (Form.BOX, Status.TODO, "tick → go"),
    ]
    assert document.encoding.repaired
    assert document.items[2].section == ("Plan — day one",)
    for item in document.items:
        assert data[item.span[0] : item.span[1]].decode() == item.marker


def test_a_double_encoded_marker_is_replaced_in_its_own_encoding() -> None:
    data = double("- ⏳ a\n")
    change = edit(data, parse(data).items[0], Status.DONE)
    assert change.apply(data) == double("- ✅ a\n")


def test_lost_control_characters_in_a_double_encoded_marker() -> None:
    data = double("- ⚠️ x\n").replace("\x8f".encode(), b"")
    assert [i.status for i in parse(data).items] == [Status.UNKNOWN]


def test_text_that_only_looks_double_encoded_stays() -> None:
    document = parse("- [ ] Ça va: pâte à crêpes\n".encode())
    assert document.items[0].text == "Ça va: pâte à crêpes"
    assert not document.encoding.repaired


def test_deep_nesting_and_long_files() -> None:
    deep = "".join("  " * n + f"- [ ] level {n}\n" for n in range(40))
    assert [i.depth for i in parse(deep.encode()).items] == list(range(40))
    long = b"- [ ] x\n" * 5000 + b"text\n" * 95_000 + b"\n- [x] last"
    document = parse(long)
    assert (len(document.items), document.items[-1].line) == (5001, 100_002)
