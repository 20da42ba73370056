"""The JSON schema of `cockpit.toml`, for editors: made from the models that check the file."""

from __future__ import annotations

from typing import Any

from cockpit.config.models import config_model
from cockpit.kinds import registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A draft 2020-12 schema; keys are named and described as in the file."""
    kinds = list(registry.all_kinds())
    model = config_model(frozenset(kind.name for kind in kinds))
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for kind in kinds:
        if kind.named_by:
            # Its name has a default that no schema can state: the stem of the file it names.
            definition = schema["$defs"][kind.load_table().__name__]
            definition["required"] = [key for key in definition["required"] if key != "name"]
    for definition in (schema, *schema["$defs"].values()):
        definition["description"] = _words(definition.get("description", ""))
    schema["title"] = "cockpit.toml"
    schema["description"] = "What a cockpit watches: one array table a kind of probe."
    return {"$schema": DIALECT, **schema}


def _words(docstring: str) -> str:
    """A class docstring as running text: no marks, no line breaks."""
    return " ".join(docstring.replace("`", "").split())
