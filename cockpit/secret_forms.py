"""Where known secrets stand in bytes: plain, encoded, escaped, in part.

What is escaped is searched after its escapes were taken off, layer by layer, and what is found
there is told as a span of the bytes as they were: so any mixture of escapes is covered.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from typing import NamedTuple

MASK = b"[redacted]"
SHORTEST = 6
"""Characters of the shortest secret that is looked for everywhere."""
BEGINNING = 4
"""Characters of a secret that tell a part of it, where a body was cut or dots follow."""
_MOST_LAYERS = 2
"""So many escapings on top of each other are taken off."""


class KnownSecrets:
    """Finds known secrets in bytes, in every form they travel in.

    `announced` is a pattern, over bytes in lower case, of what must stand in front of one that is
    shorter than `SHORTEST`. `numbers` are those that are numbers.
    """

    def __init__(self, secrets: Iterable[str], announced: bytes) -> None:
        secrets = tuple(secrets)
        self._escapes = cache(partial(_Escapes, secrets))
        self.numbers: set[float] = set()
        self._whole: list[bytes] = []
        short: list[bytes] = []
        plain: set[bytes] = set()
        coded: set[bytes] = set()
        for secret in secrets:
            raw = secret.encode("utf-8", "surrogatepass")
            if len(secret) < SHORTEST:
                short.append(raw.lower())
                continue
            forms = {form.lower() for form in _plain_forms(secret, raw)}
            plain |= {form for form in forms if len(form) >= SHORTEST}
            coded.update(_base64_patterns(raw))
            self.numbers.update(_numbers(secret))
            self._whole.append(raw.lower())
        self._plain = _any_of(map(re.escape, plain))
        self._coded = _any_of(coded)
        self._wrapped = cache(lambda: _any_of(rb"\s{0,2}".join(_units(one)) for one in coded))
        self._short = _any_of(map(re.escape, short), before=announced, after=rb"(?!\w)")

    def without(self, body: bytes, *, tail: int) -> bytes:
        """`body` with `MASK` in place of them.

        `tail` bytes at its very end that one begins with are one that was cut off.
        """
        if not self._whole and self._short is None:
            return body
        lowered = body.lower()
        found = [*self._found(body, lowered), *self._parts(lowered, tail)]
        layers: list[_Unescaped] = []
        inner = body
        while len(layers) < _MOST_LAYERS and (layer := self._escapes().taken_off(inner)):
            layers.append(layer)
            inner = layer.body
            for start, end in self._found(inner, inner.lower()):
                for one in reversed(layers):
                    start, end = one.span(start, end)
                found.append((start, end))
        return _cut(body, found)

    def _found(self, body: bytes, lowered: bytes) -> Iterator[tuple[int, int]]:
        if self._plain is not None:
            yield from (match.span() for match in self._plain.finditer(lowered))
        if self._coded is not None:
            wrapped = self._wrapped() if _WRAPPED.search(body) is not None else None
            for match in (wrapped or self._coded).finditer(body):
                # The character in front may hold the first bits.
                start = match.start()
                held = start > 0 and _BASE64.match(body, start - 1) is not None
                yield start - held, match.end()
        if self._short is not None:
            yield from (match.span(1) for match in self._short.finditer(lowered))

    def _parts(self, lowered: bytes, tail: int) -> Iterator[tuple[int, int]]:
        """Parts of secrets: a beginning at the very end or before dots, an end behind dots."""
        dotted = any(dots in lowered for dots in (b"..", b"**", _ELLIPSIS))
        for secret in self._whole:
            at = lowered.find(secret[:BEGINNING], 0 if dotted else -len(secret))
            while at >= 0:
                stop = at + _common(lowered, at, secret)
                if stop - at == len(secret):
                    pass  # found as a whole
                elif stop == len(lowered):
                    if stop - at >= min(tail, len(secret) - 1):
                        yield at, stop
                elif dotted and (dots := _DOTS.match(lowered, stop)) is not None:
                    yield at, dots.end()
                at = lowered.find(secret[:BEGINNING], at + 1)
            if _ELLIPSIS in lowered:
                yield from _ends(lowered, secret)


def _plain_forms(secret: str, raw: bytes) -> Iterator[bytes]:
    """The forms that are searched for as they are; escaped ones are unescaped before."""
    yield raw
    yield raw.hex().encode()
    yield raw.replace(b" ", b"+")
    yield raw.replace(b"\\", b"")  # where escapes are taken off, so are backslashes
    if not secret.isprintable():  # as the cleaner of texts leaves it
        yield re.sub(rb"[\x00-\x1f\x7f]", b"", re.sub(rb"[\t\n\r\f\v]+", b" ", raw))
        yield raw.replace(b"\r\n", b"\n")
    if not secret.isascii():  # as headers of HTTP are decoded
        with suppress(UnicodeEncodeError):
            yield secret.encode("latin-1")
    if secret.isdecimal() and secret.isascii():
        for mark in ",_.'":
            yield f"{int(secret[-400:]):,}".replace(",", mark).encode()


def _base64_patterns(raw: bytes) -> Iterator[bytes]:
    """Patterns of what stays the same of a secret in Base64, whatever stands around it."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        rest = b"[A-Za-z0-9+/_-]?" if (before + len(raw)) * 8 % 6 else b""
        pattern = re.escape(encoded[first:last])
        # The URL-safe alphabet, and what a URL or JSON makes of the standard one.
        pattern = pattern.replace(rb"\+", rb"(?:[+-]|%2[Bb])")
        yield pattern.replace(b"/", rb"(?:[/_]|%2[Ff]|\\/)") + rest + b"={0,2}"


def _units(pattern: bytes) -> list[bytes]:
    """A pattern of `_base64_patterns` in pieces that each match one character."""
    return re.findall(rb"\(\?:.*?\)|\[.*?\]\??|={0,2}\{0,2\}|\\.|.", pattern)


def _numbers(secret: str) -> Iterator[float]:
    for kind in (int, float):
        try:
            number = kind(secret)
        except (ValueError, OverflowError):
            continue
        if abs(number) >= 10 ** (BEGINNING - 1) and number not in (float("inf"), float("-inf")):
            yield number


def _any_of(
    patterns: Iterable[bytes], *, before: bytes = b"", after: bytes = b""
) -> re.Pattern[bytes] | None:
    # The longest first: an alternative that is the beginning of another would leave its rest.
    alternatives = sorted(set(patterns), key=len, reverse=True)
    if not alternatives:
        return None
    return re.compile(before + b"(" + b"|".join(alternatives) + b")" + after)


_ELLIPSIS = "…".encode()
_DOTS = re.compile(rb"\n?(?:\.{2,}|\*{2,}|" + _ELLIPSIS + rb")[^\s\"',;]{0,8}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]")
_WRAPPED = re.compile(rb"[A-Za-z0-9+/]{60}\s")


def _common(body: bytes, at: int, secret: bytes) -> int:
    """How many bytes `body` from `at` on and `secret` have in common."""
    if body.startswith(secret, at):
        return len(secret)
    count = 0
    for one, other in zip(body[at : at + len(secret)], secret, strict=False):
        if one != other:
            break
        count += 1
    return count


def _ends(lowered: bytes, secret: bytes) -> Iterator[tuple[int, int]]:
    """Where dots stand before the end of a secret."""
    end = secret[-SHORTEST:]
    at = lowered.find(end)
    while at >= 0:
        stop = at + SHORTEST
        start = at
        while (
            start > 0
            and stop - start < len(secret)
            and (lowered[start - 1] == secret[start - 1 - stop])
        ):
            start -= 1
        if lowered[:start].removesuffix(b"\n").endswith(_ELLIPSIS):
            yield start, stop
        at = lowered.find(end, at + 1)


def _cut(body: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    """`body` with the mask in place of these spans, which may overlap."""
    parts: list[bytes] = []
    done = 0
    for start, end in sorted(spans):
        if end <= done:
            continue
        if start > done or not parts:
            parts += [body[done:start], MASK]
        done = end
    return b"".join([*parts, body[done:]]) if parts else body


# Escapes

_ESCAPE_SIGNS = (b"%", b"\\", b"&")
_SIGNS = "&%"
"""What an escape of another sort begins with is unescaped as well."""
_LETTERS = {"\n": b"n", "\t": b"t", "\r": b"r", "\b": b"b", "\f": b"f"}


class _Escapes:
    """The escapes of certain characters: those in secrets. All others stay, which keeps a large
    body full of quotes cheap."""

    def __init__(self, secrets: Iterable[str]) -> None:
        chars = {*_SIGNS, *"".join(secrets)}
        chars |= {form for char in chars for form in (char.lower(), char.upper()) if len(form) == 1}
        self._plain: dict[bytes, bytes] = {}
        percent: set[bytes] = set()
        bytewise: set[bytes] = set()
        unicode: set[bytes] = set()
        for char in chars:
            raw = char.encode("utf-8", "surrogatepass")
            percent |= {b"%02x" % byte for byte in raw}
            bytewise |= {b"%02x" % byte for byte in {*raw, min(ord(char), 255)}}
            units = char.encode("utf-16-be", "surrogatepass")
            pair = (units[:2].hex().encode(), units[2:].hex().encode())
            unicode |= {rb"\\{1,8}u".join(filter(None, pair)), f"{ord(char):08x}".encode()}
            if char in _LETTERS:
                self._plain[_LETTERS[char]] = raw
            elif char.isascii() and char.isprintable() and not char.isalnum() and char != "\\":
                self._plain[raw] = raw
        longest = sorted(unicode, key=len, reverse=True)
        letters = b"".join(map(re.escape, self._plain))
        entities = {f"#0{{0,5}}{ord(c)}|#x0{{0,5}}{ord(c):x}".encode() for c in chars}
        entities |= {name.lower().encode() for name in _entities(chars)}
        self._pattern = re.compile(
            rb"%(?:25)*(" + b"|".join(sorted(percent)) + rb")"
            rb"|\\{1,8}(?:u(" + b"|".join(longest) + rb")"
            rb"|x(" + b"|".join(sorted(bytewise)) + rb")|([" + letters + rb"]))"
            rb"|&(?:amp;)*("
            + b"|".join(sorted(entities))
            + rb");"
            + (rb"|\\+" if "\\" in chars else b"")
        )

    def taken_off(self, body: bytes) -> _Unescaped | None:
        """`body` without one layer of them; None when it has none."""
        if not any(sign in body for sign in _ESCAPE_SIGNS):
            return None
        unescaped = _Unescaped(body, self._pattern.finditer(body.lower()), self._unescape)
        return unescaped if unescaped.pieces else None

    def _unescape(self, match: re.Match[bytes]) -> bytes:
        """What an escape in lower case stands for."""
        percent, unicode, byte, letter, entity = match.groups()
        if percent or byte:
            return bytes([int(percent or byte, 16)])
        if letter:
            return self._plain[letter]
        if not (unicode or entity):
            return b""
        if entity:
            return _entity(entity)
        if len(unicode) == 8:  # of a Python literal
            return chr(int(unicode, 16)).encode("utf-8", "surrogatepass")
        units = bytes.fromhex(re.sub(rb"\\+u", b"", unicode).decode())
        return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


def _entities(chars: Iterable[str]) -> Iterator[str]:
    """The names that HTML has for these characters."""
    from html.entities import html5

    wanted = set(chars)
    return (
        name.removesuffix(";") for name, char in html5.items() if char in wanted and name.islower()
    )


def _entity(name: bytes) -> bytes:
    if name[:1] == b"#":
        code = int(name[2:], 16) if name[1:2] == b"x" else int(name[1:])
        return chr(code).encode("utf-8", "surrogatepass")
    from html.entities import html5

    return html5.get(f"{name.decode()};", "").encode() or name


class _Piece(NamedTuple):
    """Where an escape stands that was taken off: in the bytes without it, and in those with it."""

    start: int
    end: int
    escaped_start: int
    escaped_end: int


class _Unescaped:
    """Bytes with escapes taken off, and where each byte came from."""

    def __init__(
        self,
        escaped: bytes,
        escapes: Iterable[re.Match[bytes]],
        unescape: Callable[[re.Match[bytes]], bytes],
    ) -> None:
        parts: list[bytes] = []
        self.pieces: list[_Piece] = []
        done = length = 0
        for match in escapes:
            plain = unescape(match)
            parts += [escaped[done : match.start()], plain]
            start = length + match.start() - done
            length, done = start + len(plain), match.end()
            self.pieces.append(_Piece(start, length, match.start(), done))
        self.body = b"".join([*parts, escaped[done:]])
        self._starts = [piece.start for piece in self.pieces]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span that was unescaped to this one."""
        return self._origin(start).start, self._origin(end - 1).stop

    def _origin(self, at: int) -> slice:
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return slice(at, at + 1)
        piece = self.pieces[index]
        if at < piece.end:
            return slice(piece.escaped_start, piece.escaped_end)
        origin = piece.escaped_end + at - piece.end
        return slice(origin, origin + 1)
