"""`block`: write results into a document, between two comment lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click

from cockpit.checklists import ChecklistError
from cockpit.checklists.editing.changes import block_hunk
from cockpit.checklists.editing.generated_blocks import write_block
from cockpit.cli.checklist.common import FILE, REFUSED, config_if_any, exit_code
from cockpit.cli.checklist.workspace import workspace
from cockpit.cli.common import allowed, as_option, config_option, load_config, read_only_option
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.kinds.checklist.event_payload import hunk_payload
from cockpit.model import EventKind, Observation, Verdict, expire
from cockpit.permissions import Permissions
from cockpit.text import format_utc


@click.command("block")
@FILE
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.File("r", encoding="utf-8"),
    help="Text to write, - for stdin; without it the latest observations as a table.",
)
@config_option
@as_option
@read_only_option
def block(
    file: Path,
    name: str,
    source: TextIO | None,
    config_path: Path | None,
    as_name: str | None,
    permissions: Permissions,
) -> int:
    """Write results into FILE between two comment lines, and nowhere else.

    The lines are `<!-- cockpit:begin NAME -->` and `<!-- cockpit:end -->`. Twice changes nothing.
    What was written is recorded, so that commit takes it. The latest observations are those of
    the screen, of collect or of check, whichever came last; one that is out of date is UNKNOWN.
    Exit 1: there is no such block, or more than one, or nothing was observed yet or given: then
    what stands there stays. 66: no such file. 73: it can't be written.
    """
    allowed(permissions, f"changing {file}")
    content = _content(source, config_path)
    try:
        written = write_block(file, name, content, permissions=permissions)
    except ChecklistError as error:
        raise CommandError(str(error), exit_code(error)) from error
    if written.method != "unchanged":
        hunk = block_hunk(file.absolute(), written.after, name)
        facts = {"file": str(hunk.path), "block": name}
        loaded = config_if_any(config_path)
        with workspace(file, loaded, SystemClock(), as_name, permissions) as here:
            text = f"block {name} written into {file.name}"
            here.log(EventKind.BLOCK, text, facts, hunk_payload(hunk))
    click.echo(
        f"{file}: block {name} {'is as it was' if written.method == 'unchanged' else 'written'}"
    )
    return 0


def _content(source: TextIO | None, config_path: Path | None) -> str:
    if source is not None:
        try:
            content = source.read()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"the text can't be read: {error}", USAGE) from error
        if not content.strip():
            raise CommandError("the text to write is empty; the block was left as it is", REFUSED)
        return content
    loaded = load_config(config_path)
    names = [table.name for table in loaded.config.probes()]
    try:
        with Reader(loaded.store_path) as reader:
            seen = reader.newest(names)
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error
    if not seen:
        raise CommandError(
            "nothing was observed yet; the block was left as it is. `cockpit check` observes"
            " everything once; --from takes a text instead",
            REFUSED,
        )
    return results_table(names, seen, SystemClock().now())


def results_table(names: Sequence[str], seen: Mapping[str, Observation], now: datetime) -> str:
    """The latest observations of these probes as a markdown table; times in UTC.

    A probe that was never observed, and an observation out of date at `now` (aware), is UNKNOWN.
    """
    lines = ["| probe | kind | verdict | result | seen |", "|---|---|---|---|---|"]
    for name in names:
        cells: tuple[str, ...] = (name, "", str(Verdict.UNKNOWN), "not observed yet", "")
        if name in seen:
            one = expire(seen[name], now)
            cells = (name, one.kind, str(one.verdict), one.headline, format_utc(one.observed_at))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
