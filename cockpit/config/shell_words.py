"""The text of a shell as words: its simple commands, its redirections, its options."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence


def simple_commands(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """The words of each simple command of a shell's text, and the files of its `<`."""
    words: list[str] = []
    inputs: list[str] = []
    redirect = ""
    for token in _tokens(text):
        if token and set(token) <= set("();&|"):
            if words:
                yield words, inputs
            words, inputs, redirect = [], [], ""
        elif token and set(token) <= set("<>&|") and set(token) & set("<>"):
            redirect = token
        elif redirect:
            if redirect.startswith("<"):
                inputs.append(token)
            redirect = ""
        else:
            words.append(token.strip("`"))
    if words:
        yield words, inputs


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # an unclosed quote
        return text.split()


def split_words(text: str) -> list[str]:
    """The words of a text as a shell splits it; at blanks where a quote is not closed."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def option_values(words: Sequence[str], options: Iterable[str]) -> Iterator[str]:
    """What stands behind these options: `-f x`, `-fx`, `--file=x`."""
    for index, word in enumerate(words):
        for option in options:
            if word == option and index + 1 < len(words):
                yield words[index + 1]
            elif option.startswith("--") and word.startswith(f"{option}="):
                yield word[len(option) + 1 :]
            elif len(option) == 2 and word.startswith(option) and len(word) > 2:
                yield word[2:].removeprefix("=")
