"""The board as JSON, schema 1. Instants are RFC 3339 in UTC, durations milliseconds."""

from __future__ import annotations

import json
from typing import Any

from cockpit.model import Board, Observation, Problem
from cockpit.readiness import go_live
from cockpit.text import format_utc


def render(board: Board) -> str:
    """One JSON object with host, both roll-ups, every observation and the problem list."""
    return json.dumps(as_dict(board), ensure_ascii=False, indent=2)


def as_dict(board: Board) -> dict[str, Any]:
    """The same as plain values."""
    live = go_live(board)
    return {
        "schema": 1,
        "host": board.identity.host,
        "taken_at": format_utc(board.taken_at),
        "run": str(board.run.verdict),
        "readiness": str(board.readiness.verdict),
        "go_live": {"word": live.word, "because": live.because},
        "probes": [_observation(each) for each in board.observations.values()],
        "problems": [_problem(each) for each in board.problems],
    }


def _observation(observation: Observation) -> dict[str, Any]:
    return {
        "name": observation.probe,
        "kind": observation.kind,
        "affects": str(observation.affects),
        "verdict": str(observation.verdict),
        "headline": observation.headline,
        "observed_at": format_utc(observation.observed_at),
        "valid_until": format_utc(observation.valid_until),
        "duration_ms": round(observation.duration * 1000, 1),
        "basis": _plain(observation.basis),
        "doubts": [{"kind": str(d.kind), "text": d.text} for d in observation.doubts],
        "metrics": dict(observation.metrics),
        "findings": [
            {
                "key": finding.key,
                "verdict": str(finding.verdict),
                "title": finding.title,
                "subject": finding.subject,
                "text": finding.text,
                "cause": finding.cause,
                "next_act": finding.next_act,
                "facts": _plain(dict(finding.facts.items())),
            }
            for finding in observation.findings
        ],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "key": problem.key,
        "verdict": str(problem.verdict),
        "affects": str(problem.concern),
        "title": problem.title,
        "subject": problem.subject,
        "text": problem.text,
        "since": format_utc(problem.since),
        "probes": list(problem.probes),
        "next_act": problem.next_act,
    }


def _plain(facts: Any) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in facts.items()}
