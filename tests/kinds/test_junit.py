"""JUnit XML: every suite counted once, whatever its shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.gate.counts import Counts
from cockpit.kinds.gate.junit import junit_counts
from cockpit.kinds.gate.scores import read_output


@pytest.mark.parametrize(
    ("document", "counts"),
    [
        ('<testsuites tests="10" failures="0" disabled="10" errors="0"/>', Counts(skipped=10)),
        (
            '<testsuites><testsuite tests="3" failures="0"/>'
            '<testsuite tests="4" failures="3"><testcase><failure/></testcase></testsuite>'
            "</testsuites>",
            Counts(4, 3),
        ),
        (
            '<testsuites tests="5" failures="2"><testsuite tests="2" failures="1"/>'
            '<testsuite tests="3" failures="1"/></testsuites>',
            Counts(3, 2),
        ),
        (
            '<testsuites><testsuite tests="9" failures="0"><testsuite tests="6" failures="6"/>'
            "</testsuite></testsuites>",
            Counts(3, 6),
        ),
        ('<testsuite\n  tests="4"\n  errors="1"\n  skipped="1"/>', Counts(2, errors=1, skipped=1)),
        (
            "<testsuite><testcase/><testcase><error/></testcase>"
            '<testcase status="notrun"/><testcase><skipped type="pytest.xfail"/></testcase>'
            "</testsuite>",
            Counts(1, errors=1, skipped=1, expected=1),
        ),
        (
            '<testsuite tests="2" skipped="1"><testcase/>'
            '<testcase><skipped type="pytest.xfail"/></testcase></testsuite>',
            Counts(1, expected=1),
        ),
        ("<testsuite/>", Counts()),
    ],
)
def test_counts(document: str, counts: Counts) -> None:
    assert junit_counts(document) == counts


@pytest.mark.parametrize("text", ["", "<testsuite", "<html/>", "not xml", "<testsuite>" * 50_000])
def test_what_is_no_junit_xml_says_why(text: str) -> None:
    with pytest.raises(ValueError, match="no JUnit XML"):
        junit_counts(text)


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuite name="&a;"/>'
    with pytest.raises(ValueError, match="no JUnit XML"):
        junit_counts(bomb)


def test_documents_inside_an_output_are_all_counted() -> None:
    second = '<testsuites><testsuite tests="3" failures="1"/></testsuites>'
    text = f'start\n<testsuite tests="2"/>\nnoise\n{second}\n'
    score = read_output(text).score
    assert score is not None
    assert (score.met, score.total) == (4, 5)


def test_a_document_that_is_cut_off_is_a_conflict() -> None:
    read = read_output('<testsuites tests="9"><testsuite tests="9"><testcase/>')
    assert read.score is not None
    assert read.conflicts


_CASES = ["<testcase/>", "<testcase><failure/></testcase>", "<testcase><skipped/></testcase>"]
_BODIES = st.recursive(
    st.sampled_from(_CASES),
    lambda inner: st.lists(inner, max_size=4).map(
        lambda parts: f"<testsuite>{''.join(parts)}</testsuite>"
    ),
    max_leaves=20,
)


@given(_BODIES)
def test_each_case_is_counted_once(body: str) -> None:
    counts = junit_counts(f"<testsuite>{body}</testsuite>")
    assert counts.total + counts.skipped == body.count("<testcase")
    assert counts.failed == body.count("<failure/>")
