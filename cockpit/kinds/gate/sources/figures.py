"""`json`: a report of values (JSON, TOML or YAML), its parts found by JSONPath. Pure."""

from __future__ import annotations

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.report import judge_report
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Form
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.json_query import Json
from cockpit.kinds.modes import report_modes


def _judge(data: Json, table: GateTable) -> Judgement:
    return judge_report(data, table, source="file", cause="")


FORM = Form(values_of, _judge, report_modes, compares=True)
