"""Secrets out of all that is shown, kept or quoted: one list of words, and two doors.

`Redactor` is the door for raw evidence, the bytes of an output or a reply, before it is hashed.
Taken out are: the secrets the config and the environment hold, in the forms they travel in (plain,
percent-encoded, escaped for JSON, Base64, masked in part); values under names that speak of a
secret; bearer strings, JSON Web Tokens, credentials in URLs and keys of well-known forms.

`mask_argv` is the door for the words of a command line. Of a secret of the config itself only
`secret_length` is ever told.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence

_NAME_WORDS = {
    "token": "token",
    "passw": "passw(?:or)?d",
    "secret": "secret",
    "key": "api-?_?key",
    "credential": "credential",
}
"""What the names of secrets hold: a piece to search for, and the pattern of the whole word."""
_HEADER_WORDS = ("authorization", "cookie")
_NAME_WORD = "|".join(_NAME_WORDS.values())
_SECRET_NAME = re.compile(_NAME_WORD, re.I)

# The door for bytes

MASK = b"[redacted]"
_SHORTEST = 4
_LONG = 8
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")
_PIECES = tuple(word.encode() for word in (*_NAME_WORDS, *_HEADER_WORDS))
_SECRET_WORD = f"(?:{'|'.join([_NAME_WORD, *_HEADER_WORDS])})".encode()
_NAMED = re.compile(
    rb'("[\w.-]{0,60}' + _SECRET_WORD + rb'[\w.-]{0,60}"\s{0,8}:\s{0,8})"(?:[^"\\]|\\.)*"', re.I
)
_HEADER = re.compile(
    rb"(?im)^((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,8}:\s{0,8})\S[^\r\n]*"
)
# Lookbehinds and bounds keep hostile input of several megabytes from taking quadratic time.
_ASSIGNED = re.compile(
    rb"(?i)(?<![\w-])([\w-]{0,60}" + _SECRET_WORD + rb"[\w-]{0,60}\s{0,8}[=:]\s{0,8})"
    rb"(?!pass|fail|ok|skip|not|\[redacted)"
    rb"(?=[^\s\"',;&<>]{0,200}\d)[^\s\"',;&<>]{8,}"
)
_BEARER = re.compile(rb"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_WEB_TOKEN = re.compile(rb"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
_USERINFO = re.compile(rb"(://)[^/\s:@\"'<>]{0,200}:[^/\s@\"'<>]{1,200}@")
_WELL_KNOWN = re.compile(
    rb"\b(?:[sp]k_(?:live|test)_\w{8,}|sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}"
    rb"|xox[abprs]-[\w-]{10,})"
)
_WELL_KNOWN_STARTS = (b"k_live_", b"k_test_", b"sk-", b"gh", b"AKIA", b"xox")


class Redactor:
    """Takes secrets out of bytes and texts. Its repr shows none of them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        plain: set[bytes] = set()
        patterns: list[bytes] = []
        self._tails: list[bytes] = []
        for secret in {secret for secret in secrets if len(secret) >= _SHORTEST}:
            raw = secret.encode("utf-8", "surrogatepass")
            plain.add(json.dumps(secret)[1:-1].encode("ascii"))
            patterns.append(_encoded(raw))
            if len(raw) >= _LONG:
                plain.add(base64.b64encode(raw).rstrip(b"="))
                patterns.append(_masked(raw))
                self._tails.append(raw)
        patterns += map(re.escape, plain)
        # The longest first: an alternative that is the beginning of another would leave its rest.
        patterns.sort(key=len, reverse=True)
        self._known = re.compile(b"|".join(patterns)) if patterns else None

    def __repr__(self) -> str:
        return f"Redactor({len(self._tails)} long secrets)"

    def body(self, body: bytes) -> bytes:
        """`body` without secrets; anything else is unchanged."""
        if self._known is not None:
            body = self._known.sub(MASK, body)
        # Plain searches first: most replies hold none of these words, and they are large.
        lowered = body.lower()
        if any(piece in lowered for piece in _PIECES):
            body = _NAMED.sub(rb'\1"' + MASK + b'"', body)
            body = _HEADER.sub(rb"\1\2" + MASK, body)
            body = _ASSIGNED.sub(rb"\1" + MASK, body)
        if b"bearer" in lowered:
            body = _BEARER.sub(rb"\1" + MASK, body)
        if b"eyJ" in body:
            body = _WEB_TOKEN.sub(MASK, body)
        if b"://" in body:
            body = _USERINFO.sub(rb"\1" + MASK + b"@", body)
        if any(start in body for start in _WELL_KNOWN_STARTS):
            body = _WELL_KNOWN.sub(MASK, body)
        return self._without_cut_tail(body)

    def text(self, text: str) -> str:
        """`text` without secrets."""
        raw = text.encode("utf-8", "surrogatepass")
        return self.body(raw).decode("utf-8", "surrogatepass")

    def _without_cut_tail(self, body: bytes) -> bytes:
        """A reply cut at its size limit may end inside a secret."""
        for secret in self._tails:
            for length in range(len(secret) - 1, _SHORTEST - 1, -1):
                if body.endswith(secret[:length]):
                    return body[:-length] + MASK
        return body


def _encoded(secret: bytes) -> bytes:
    """A pattern for the secret with any part of it percent-encoded (RFC 3986 2.1), or with its
    slashes escaped as some JSON writers do. What never needs encoding is matched plain: fast.
    """
    return b"".join(map(_encoded_byte, secret))


def _encoded_byte(byte: int) -> bytes:
    raw = re.escape(bytes([byte]))
    if byte in _UNRESERVED:
        return raw
    forms = [raw, b"(?i:%%%02x)" % byte]
    if byte == ord(" "):
        forms.append(rb"\+")
    if byte == ord("/"):
        forms.append(rb"\\/")
    return b"(?:" + b"|".join(forms) + b")"


def _masked(secret: bytes) -> bytes:
    """A pattern for the first four to twenty characters, dots or stars, perhaps the last ones."""
    rest = b""
    for byte in reversed(secret[_SHORTEST:20]):
        rest = b"(?:" + re.escape(bytes([byte])) + rest + b")?"
    head = re.escape(secret[:_SHORTEST]) + rest
    return head + rb"(?:\.{2,}|\*{2,}|\xe2\x80\xa6)[^\s\"',;]{0,8}"


def environment_secrets(environ: Mapping[str, str]) -> list[str]:
    """Values of environment variables whose names speak of a secret, paths excepted."""
    return [
        value
        for name, value in environ.items()
        if _SECRET_NAME.search(name)
        and len(value) >= _LONG
        and not value.startswith(("/", "~", "."))
        and "\\" not in value
    ]


# The door for the words of a command line

_SECRET_OPTION = re.compile(rf"^(?!--no-)(-{{1,2}}[\w-]*|\w*)({_NAME_WORD})[\w-]*$", re.I)
# A lookbehind and bounds keep a word of many thousand letters from taking quadratic time.
_NAME = rf"(?<![\w-])[\w-]{{0,60}}(?:{_NAME_WORD})[\w-]{{0,60}}"
_SECRET_HEADER = re.compile(rf"(?i)(?:(?:proxy-)?authorization|cookie|{_NAME}):")
_SCHEMES = {"bearer", "basic", "digest", "token"}
_INSIDE = (
    re.compile(rf"(?i)((?:(?:proxy-)?authorization|cookie|{_NAME}):\s*)(?![/\s])[^\"']+"),
    re.compile(r"(?i)(\bbearer\s+)[^\s\"'*]+"),
    re.compile(r"(://[^/\s:@\"']*:)[^/\s\"']*(?=@)"),
    re.compile(r"(?i)(https?://)[^/\s:@\"']+(?=@)"),
    re.compile(rf"(?i)([?&]{_NAME}=)[^&\s\"']+"),
    re.compile(rf"(?i)((?:^|(?<=\s)){_NAME}=)[^\s\"']+"),
    re.compile(rf"(?i)((?:^|(?<=\s))(?=-){_NAME}\s+)[^\s\"'-][^\s\"']*"),
)
"""What precedes a secret inside a word, for words such as headers, URLs and shell code."""
_COMPOSED = re.compile(r"[:=\s]")


def mask_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """`argv` with `***` for what is secret in it, whether it fills a word or stands inside one.

    That is: the value of an option, a header or a `NAME=value` whose name speaks of a token,
    password, secret or key; the word after `Bearer`; the password of a URL, a URL's user where it
    stands alone before an http host, and a URL's query value of such a name.
    """
    words: list[str] = []
    mask_next = False
    for word in argv:
        if mask_next and word.lower() in _SCHEMES:
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        if mask_next and not word.startswith("-"):
            words.append("***")
            mask_next = False
        elif equals and value and _SECRET_OPTION.match(name):
            words.append(f"{name}=***")
            mask_next = False
        else:
            words.append(_masked_inside(word))
            mask_next = not equals and _announces_secret(word)
    return tuple(words)


def _announces_secret(word: str) -> bool:
    """Whether the next word is a secret: `--token`, `Authorization:`, `Bearer`."""
    if word.startswith("-"):
        return bool(_SECRET_OPTION.match(word))
    return word.lower() == "bearer" or bool(_SECRET_HEADER.fullmatch(word))


def _masked_inside(word: str) -> str:
    if not _COMPOSED.search(word):
        return word
    for pattern in _INSIDE:
        word = pattern.sub(r"\1***", word)
    return word


def secret_length(secret: str) -> str:
    """`set, 40 characters`: all that is ever told of a secret."""
    count = len(secret)
    return f"set, {count} character{'' if count == 1 else 's'}"
