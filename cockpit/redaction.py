"""Secrets out of all that is shown, kept or quoted: what a process knows of them, and two doors.

`SECRETS` is what this process knows. Whoever comes to hold a secret tells it by `learn`: a table of
the config its token, the command line the secrets of the environment. From then on `text.sanitize`
cuts it out of every text, model objects drop it from keys and numbers, and raw evidence loses it
before it is hashed: nobody who makes an observation, an event or an artefact has to think of it.

Cut out is a known secret in the forms it travels in: plain in any case, escaped for a URL, JSON,
HTML or a Python literal (also twice), Base64 at any of its three offsets, hex, a beginning before
dots or at a cut. So are values under names that speak of a secret, bearer strings, JSON Web Tokens,
credentials in URLs and keys of well-known forms.

A known secret of fewer than six characters would take words out of every text. It is cut out only
behind a name that speaks of a secret, or a scheme such as `Bearer`.

`mask_argv` is the door for the words of a command line. Of a secret of the config itself only
`secret_length` is ever told.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cockpit.secret_forms import BEGINNING, MASK, SHORTEST, KnownSecrets

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
_PIECES = tuple(word.encode() for word in (*_NAME_WORDS, *_HEADER_WORDS))
_SECRET_WORD = f"(?:{'|'.join([_NAME_WORD, *_HEADER_WORDS])})".encode()
_ANNOUNCED = (
    rb"(?:\b(?:bearer|basic|digest|token)\s{1,8}|" + _SECRET_WORD + rb"[\w-]{0,60}[\"']?\s{0,8}"
    rb"[=:]\s{0,8}[\"']?(?:bearer\s{1,8})?)"
)
"""What stands in front of a short secret; over bytes in lower case."""

# The door for texts and bytes

MASKED = MASK.decode()
_LONG = 8
_MOST_REMEMBERED = 32_768


class Redactor:
    """Takes secrets out of bytes and texts; knows those it was told. Its repr shows none of them.

    May be used by several threads. What was looked at and held nothing is not searched again.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._renew()
        self.learn(secrets)

    def _renew(self) -> None:
        self._state = _State(self._secrets)
        self.safe: set[int] = self._state.safe_texts
        """Hashes of texts that need no cleaning at all; what cleans them adds them."""

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def learn(self, secrets: Iterable[str]) -> None:
        """Cut these out, too, from now on."""
        # What stands in the mask itself would be found in what was cut already.
        told = {secret.strip() for secret in secrets}
        told = {secret for secret in told if secret and secret.lower() not in MASKED}
        if told <= self._secrets:
            return
        self._secrets |= told
        self._renew()

    def forget(self) -> None:
        """Know no secret any more."""
        self._secrets = frozenset()
        self._renew()

    def text(self, text: str) -> str:
        """`text` without secrets; the same object when it holds none."""
        if len(text) < SHORTEST:
            return text
        state, key = self._state, hash(text)
        if key in state.clean_texts:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        cleaned = _without_lookalikes(state.known.without(raw, tail=_LONG))
        if cleaned == raw:
            remember(state.clean_texts, key)
            return text
        return cleaned.decode("utf-8", "replace")

    def body(self, body: bytes) -> bytes:
        """`body` without secrets, also of the one that it may have been cut in; anything else is
        unchanged."""
        if len(body) < BEGINNING:
            return body
        state, key = self._state, hash(body)
        if key in state.clean_bodies:
            return body
        cleaned = _without_lookalikes(state.known.without(body, tail=BEGINNING))
        if cleaned == body:
            remember(state.clean_bodies, key)
            return body
        return cleaned

    def holds_known(self, text: str) -> bool:
        """Whether a secret that was told stands in `text`; what only looks like one does not
        count."""
        if not self._secrets or len(text) < SHORTEST:
            return False
        raw = text.encode("utf-8", "surrogatepass")
        return self._state.known.without(raw, tail=_LONG) != raw

    @property
    def numbers(self) -> Collection[float]:
        """The secrets that are numbers."""
        return self._state.known.numbers

    def is_number(self, value: float) -> bool:
        """Whether a number is a secret that was told."""
        numbers = self._state.known.numbers
        return bool(numbers) and value in numbers

    def json(self, value: Any) -> Any:
        """A value of JSON types without secrets in its texts, keys and numbers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(part) for part in value]
        return MASKED if isinstance(value, int | float) and self.is_number(value) else value


class _State:
    """What is known, and the hashes of what was found clean under it."""

    __slots__ = ("clean_bodies", "clean_texts", "known", "safe_texts")

    def __init__(self, secrets: Iterable[str]) -> None:
        self.known = KnownSecrets(secrets, _ANNOUNCED)
        self.safe_texts: set[int] = set()
        self.clean_texts: set[int] = set()
        self.clean_bodies: set[int] = set()


def remember(clean: set[int], key: int) -> None:
    """Add a hash to those of what is clean; they are bounded."""
    if len(clean) >= _MOST_REMEMBERED:
        clean.clear()
    clean.add(key)


# What looks like a secret

_WELL_KNOWN_STARTS = (b"k_live_", b"k_test_", b"sk-", b"gh", b"AKIA", b"xox")


class _Lookalikes(NamedTuple):
    named: re.Pattern[bytes]
    header: re.Pattern[bytes]
    assigned: re.Pattern[bytes]
    bearer: re.Pattern[bytes]
    web_token: re.Pattern[bytes]
    userinfo: re.Pattern[bytes]
    well_known: re.Pattern[bytes]


@functools.cache
def _lookalikes() -> _Lookalikes:
    # Lookbehinds and bounds keep hostile input of several megabytes from taking quadratic time.
    return _Lookalikes(
        named=re.compile(
            rb'("[\w.-]{0,60}' + _SECRET_WORD + rb'[\w.-]{0,60}"\s{0,8}:\s{0,8})"(?:[^"\\]|\\.)*"',
            re.I,
        ),
        header=re.compile(
            rb"(?im)^((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,8}:\s{0,8})(?!\*{3})\S[^\r\n]*"
        ),
        assigned=re.compile(
            rb"(?i)(?<![\w-])([\w-]{0,60}" + _SECRET_WORD + rb"[\w-]{0,60}\s{0,8}[=:]\s{0,8})"
            rb"(?!pass|fail|ok|skip|not|\[redacted)"
            rb"(?=[^\s\"',;&<>]{0,200}\d)[^\s\"',;&<>]{8,}"
        ),
        bearer=re.compile(rb"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
        web_token=re.compile(rb"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"),
        userinfo=re.compile(rb"(://)[^/\s:@\"'<>]{0,200}:(?!\*{3}@)[^/\s@\"'<>]{1,200}@"),
        well_known=re.compile(
            rb"\b(?:[sp]k_(?:live|test)_\w{8,}|sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}"
            rb"|xox[abprs]-[\w-]{10,})"
        ),
    )


def _without_lookalikes(body: bytes) -> bytes:
    # Plain searches first: most texts hold none of these words, and replies are large.
    lowered = body.lower()
    if any(piece in lowered for piece in _PIECES):
        body = _lookalikes().named.sub(rb'\1"' + MASK + b'"', body)
        body = _lookalikes().header.sub(rb"\1\2" + MASK, body)
        body = _lookalikes().assigned.sub(rb"\1" + MASK, body)
    if b"bearer" in lowered:
        body = _lookalikes().bearer.sub(rb"\1" + MASK, body)
    if b"eyJ" in body:
        body = _lookalikes().web_token.sub(MASK, body)
    if b"://" in body:
        body = _lookalikes().userinfo.sub(rb"\1" + MASK + b"@", body)
    if any(start in body for start in _WELL_KNOWN_STARTS):
        body = _lookalikes().well_known.sub(MASK, body)
    return body


SECRETS = Redactor()
"""What this process knows of secrets."""


def speaks_of_secret(name: str) -> bool:
    """Whether what has this name is a secret."""
    return _SECRET_NAME.search(name) is not None


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
