"""The forms of report by their key in `[[gate]]`."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.kinds.gate.sources import (
    coverage,
    ctrf,
    figures,
    junit_file,
    sarif,
    tap,
    text_file,
)
from cockpit.kinds.gate.sources.form import Form

FORMS: Mapping[str, Form] = {
    "json": figures.FORM,
    "junit": junit_file.FORM,
    "coverage": coverage.FORM,
    "ctrf": ctrf.FORM,
    "sarif": sarif.FORM,
    "tap": tap.FORM,
    "text": text_file.FORM,
}
