"""A user's pattern: what it means, and that nothing it does outlasts its time."""

from __future__ import annotations

import subprocess
import sys
import threading

import psutil
import pytest
from support import until

from cockpit.system.matcher import Matcher, PatternError, end_matchers

ENDLESS = "a" * 48 + "b"


def _children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "faulthandler" in str(each.cmdline())]


@pytest.mark.parametrize(
    ("pattern", "texts", "found"),
    [
        (r"(?P<n>\d+)", ["x", "a 3", "", "44"], [(1, {"n": "3"}), (3, {"n": "44"})]),
        (r"(?P<a>x)?b", ["b"], [(0, {"a": None})]),
        ("a{e}", ["a", "a{e}"], [(1, {})]),
        ("[[:alpha:]]+x", ["bx", ":]x"], [(1, {})]),
        (r"^\w$", ["\u00b2", "\u0301", "\ud800"], [(0, {})]),
        ("(a+)+$", ["a" * 48], [(0, {})]),
    ],
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_pattern_means_what_it_means_to_re(
    pattern: str, texts: list[str], found: list[tuple[int, dict[str, str | None]]]
) -> None:
    with Matcher(30) as matcher:
        assert list(matcher.matches(pattern, texts)) == found
    assert not _children()


def test_lines_and_whole_texts() -> None:
    with Matcher(30) as matcher:
        assert matcher.fits("^ready$", "a\nready\nb", multiline=True)
        assert not matcher.fits("^ready$", "a\nready\nb")
        assert matcher.fits("a|ab", "ab", "fullmatch")
        assert not matcher.fits("a", "ab", "fullmatch")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "((a*)*)*$", "(?:(?:a{1,60}){1,60}){1,60}c", r"(a+)+\1$"]
)
def test_a_pattern_that_backtracks_is_ended(pattern: str) -> None:
    with Matcher(0.2) as matcher:
        with pytest.raises(PatternError, match=r"no result within 0\.2 s"):
            matcher.fits(pattern, ENDLESS)
        assert not _children()
        assert matcher.fits("a", "a"), "the next question gets a new process"
    assert not _children()


def test_the_time_is_for_all_questions_or_for_each() -> None:
    slow = ("(a|aa)+$", "a" * 24 + "b")  # some milliseconds each
    with Matcher(0.05) as matcher, pytest.raises(PatternError):
        while True:
            matcher.fits(*slow)
    with Matcher(30, each=True) as matcher:
        assert not any(matcher.fits(*slow) for _ in range(3))


def test_a_text_that_is_no_pattern_is_told() -> None:
    with Matcher(30) as matcher, pytest.raises(PatternError, match="unterminated"):
        matcher.fits("(", "")


def test_whoever_leaves_ends_them_all() -> None:
    told: list[str] = []

    def match() -> None:
        with Matcher(600) as matcher:
            try:
                matcher.fits("(a+)+$", ENDLESS)
            except PatternError as error:
                told.append(str(error))

    thread = threading.Thread(target=match)
    thread.start()
    until(_children, "the matcher's process")
    end_matchers()
    thread.join()
    assert told and not _children()


def test_it_ends_by_itself_when_nobody_is_left() -> None:
    """Whoever asked may have been killed: then nobody ends it."""
    script = (
        "import os\n"
        "from cockpit.system.matcher import Matcher, _running\n"
        "matcher = Matcher(1.0)\n"
        "matcher.fits('a', 'a')\n"
        "(child,) = _running\n"
        "print(child.pid, flush=True)\n"
        f"matcher.fits('(a+)+$', {ENDLESS!r})\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as asking:
        assert asking.stdout is not None
        child = psutil.Process(int(asking.stdout.readline()))
        asking.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "its end")
