"""The last lines of a started service's output stand near the top of its detail."""

from __future__ import annotations

from dataclasses import replace

from cockpit_widgets.rows.detail import LAST_LINES, Details, finding_detail, last_output
from recorded_makers import NOW, OK, ZONE, board, finding, observation

from cockpit.feed import Artefact
from cockpit.kinds.listener.facts import PortFacts
from cockpit.model import ArtefactRef
from cockpit.rows import UNICODE, View

DIGEST = "d" * 64


def test_the_last_lines_are_among_the_first_of_the_detail() -> None:
    port = finding("port:8001", OK, ":8001", "7", facts=PortFacts(8001, "one"))
    output = finding("output", OK, "backend.log")
    body = b"x" * 9000 + b"".join(b"line %d\n" % number for number in range(100)) + b"\x1b[2Jup\n"
    ref = ArtefactRef("output", DIGEST, "text/plain", len(body))
    seen = observation("backend", "listener", "8001 7", port, output)
    seen = replace(seen, artefacts=(ref,))
    proof = Details(artefacts={DIGEST: Artefact(DIGEST, "text/plain", body)})
    here = View(board([seen]), NOW, ZONE, UNICODE, ())
    rows = [row.text() for row in finding_detail(here, seen, port, proof, 116)]
    assert any(row.startswith("output    line 95") for row in rows[:20])
    last = next(index for index, row in enumerate(rows) if row.strip() == "up")
    assert last < 20, "and not only with the raw evidence below"
    assert len(list(last_output(seen, proof.artefacts))) == LAST_LINES
    assert list(last_output(seen, {})) == [], "not kept any more"
