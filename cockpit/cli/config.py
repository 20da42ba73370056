"""`cockpit config validate|show|schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.config.notes import notes_of
from cockpit.config.show import as_dict, json_schema, render
from cockpit.config.source import FILE_NAME

LITERAL = (
    "a secret is written out here, for everybody who reads the file or its history; "
    'write "${NAME}" and set that variable'
)


@click.group("config")
def command() -> None:
    """The config: is it right, what does it come to, what may it say."""


@command.command("validate")
@config_option
def validate(config_path: Path | None) -> None:
    """Say whether the file is right; every error at once, exit 78.

    What is probably not meant so is a note: it changes nothing.
    """
    loaded = load_config(config_path)
    probes = loaded.config.probes()
    click.echo(f"{loaded.path}: right, {len(probes)} probes")
    for key in loaded.literal_secrets():
        click.echo(f"{loaded.path}: {key}: {LITERAL}", err=True)
    for note in notes_of(loaded):
        click.echo(f"note: {note.render(loaded.path.name if loaded.path else FILE_NAME)}")


@command.command("show")
@config_option
@click.option("--format", "format_", type=click.Choice(["toml", "json"]), default="toml")
def show(config_path: Path | None, format_: str) -> None:
    """The config with every default filled in; secrets stay masked."""
    loaded = load_config(config_path)
    if format_ == "json":
        click.echo(json.dumps(as_dict(loaded), indent=2))
    else:
        click.echo(render(loaded))


@command.command("schema")
def schema() -> None:
    """The JSON schema of the file, for editors."""
    click.echo(json.dumps(json_schema(), indent=2))
