"""The JSON schema of `cockpit.toml`, for editors: made from the models that check the file."""

from __future__ import annotations

from typing import Any

from cockpit.config.models import Config

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A draft 2020-12 schema; keys are named and described as in the file."""
    schema = Config.model_json_schema(by_alias=True, mode="validation")
    checklist = schema["$defs"]["ChecklistTable"]
    # Its name has a default that no schema can state: the file's stem.
    checklist["required"] = [key for key in checklist["required"] if key != "name"]
    for definition in (schema, *schema["$defs"].values()):
        definition["description"] = _words(definition.get("description", ""))
    schema["title"] = "cockpit.toml"
    schema["description"] = "What a cockpit watches: one array table a kind of probe."
    return {"$schema": DIALECT, **schema}


def _words(docstring: str) -> str:
    """A class docstring as running text: no marks, no line breaks."""
    return " ".join(docstring.replace("`", "").split())
