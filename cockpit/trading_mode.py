"""Paper or live: what proves the label on the top line, and what speaks against it. Pure.

A label is a word of the config and proves nothing. It is shown with what proves it
(`PAPER (--mode paper_live_data)`); one that claims paper and is not proven carries a question mark
(`PAPER?`), since whoever reads it takes it for a fact. An engine in another mode is `LIVE?`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.facts import FindingFacts
from cockpit.model import Board, DoubtKind

LIVE = "LIVE?"
PAPER = "PAPER"
_CLAIMS = re.compile(
    r"(?<![A-Za-z])(?:paper|sim|simulat(?:ed|ion)|demo|sandbox|testnet|dry[ _-]?run)(?![A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ModeFacts(FindingFacts, type="mode"):
    """The mode an engine was started in, by its command line.

    `proof`: the words that say it (`--mode paper_live_data`), empty where none do; `paper`: whether
    it is a paper mode, None where nobody can tell. `pids` are the engines.
    """

    proof: str = ""
    paper: bool | None = None
    pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TopLabel:
    """The label as the top line shows it: in full, and short where there is no room."""

    full: str = ""
    short: str = ""
    live: bool = False


def claims_paper(label: str) -> bool:
    """Whether a label says that no real money is at stake.

    >>> claims_paper("PAPER 2"), claims_paper("desk 3")
    (True, False)
    """
    return _CLAIMS.search(label) is not None


def top_label(board: Board) -> TopLabel:
    """The label of a board with what its engines prove. What is stale proves nothing."""
    label = board.identity.label
    seen = [
        (finding.facts, any(doubt.kind is DoubtKind.STALE for doubt in observation.doubts))
        for observation in board.observations.values()
        for finding in observation.findings
        if isinstance(finding.facts, ModeFacts)
    ]
    if against := [facts.proof for facts, _ in seen if facts.paper is False]:
        return TopLabel(f"{LIVE} ({', '.join(dict.fromkeys(against))})", LIVE, live=True)
    if seen and all(facts.paper and not stale for facts, stale in seen):
        proofs = ", ".join(dict.fromkeys(facts.proof for facts, _ in seen))
        return TopLabel(f"{label or PAPER} ({proofs})", label or PAPER)
    told = f"{label}?" if claims_paper(label) else label
    return TopLabel(told, told)
