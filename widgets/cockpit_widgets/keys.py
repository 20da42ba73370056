"""Every key of the screen, once: bindings, key bar and help are made from this list."""

from __future__ import annotations

from textual.binding import Binding

from cockpit_widgets.arrange import PANES
from cockpit_widgets.panes import SPECS


def _open_keys() -> list[Binding]:
    """A key a pane; a kind of another distribution gets none that is taken already."""
    taken: set[str] = set()
    bindings = []
    for spec in SPECS:
        if spec.key and spec.key not in taken:
            taken.add(spec.key)
            what = f"open('{spec.id}')"
            bindings.append(Binding(spec.key, what, f"open {spec.opens}", id=f"open.{spec.id}"))
    return bindings


_OPEN_KEYS = _open_keys()
_PANE_KEYS = {spec.id: spec.key for spec in SPECS}
BOARD_KEYS: tuple[Binding, ...] = (
    *(
        Binding(str(digit), f"problem({digit})", "go to problem 1-9", id=f"problem.{digit}")
        for digit in range(1, 10)
    ),
    *_OPEN_KEYS,
    Binding("enter", "why", "why: the proof behind the line", id="why"),
    Binding("escape", "back", "close what was opened last", id="back"),
    Binding("j,down", "move(1)", "down", id="move.down"),
    Binding("k,up", "move(-1)", "up", id="move.up"),
    Binding("pagedown,ctrl+f", "page(1)", "a page down", id="page.down"),
    Binding("pageup,ctrl+b", "page(-1)", "a page up", id="page.up"),
    Binding("home", "move(-1000000)", "first line", id="move.first"),
    Binding("end,G", "move(1000000)", "last line", id="move.last"),
    Binding("tab", "pane(1)", "next pane", id="pane.next"),
    Binding("shift+tab", "pane(-1)", "previous pane", id="pane.previous"),
    Binding("r", "reprobe", "probe the selected line again, now", id="reprobe"),
    Binding("R", "reprobe_all", "probe everything again, now", id="reprobe.all"),
    Binding("space", "tick", "tick: next state of a checklist item", id="tick"),
    Binding("u", "undo", "undo the last tick or note, or all set in one go", id="undo"),
    Binding("x", "state('done')", "set the item to done", id="state.done"),
    Binding("~", "state('doing')", "set the item to doing", id="state.doing"),
    Binding("!", "state('blocked')", "set the item to blocked", id="state.blocked"),
    Binding("-", "state('dropped')", "set the item to dropped", id="state.dropped"),
    Binding(">", "state('deferred')", "set the item to deferred", id="state.deferred"),
    Binding("backspace", "state('todo')", "set the item to todo", id="state.todo"),
    Binding("m", "mark", "mark the item: the next state goes to all marked", id="mark"),
    Binding("i", "note", "write a note below the item", id="note"),
    Binding("w", "owner", "write who owns the item below it", id="owner"),
    Binding("f", "progress", "progress after a task: five answers", id="progress"),
    Binding("C", "commit", "commit the cockpit's own edits: shows the diff and asks", id="commit"),
    Binding("a", "ack", "acknowledge the problem, with a note", id="ack"),
    Binding("A", "arm", "arm: allow acts on processes for ten minutes", id="arm"),
    Binding("X", "end", "end the process, or all on the port: shows it and asks", id="end"),
    Binding("S", "start", "start the service of this row, or start it anew", id="start"),
    Binding("Z", "free_ports", "free every port that the wrong ones hold", id="free_ports"),
    Binding("/", "filter", "filter the pane", id="filter"),
    Binding("y", "copy", "copy the line to the clipboard (OSC 52)", id="copy"),
)
APP_KEYS: tuple[Binding, ...] = (
    Binding("?", "help", "help: keys, signs, doubts", id="help"),
    Binding("ctrl+p,:", "command_palette", "every command by name", id="palette"),
    Binding("q", "quit", "quit", id="quit"),
    Binding("ctrl+c", "say_quit", "says how to quit", id="say_quit", show=False),
)
OVERVIEW_BAR = (
    ("1-9", "go"),
    ("Enter", "why"),
    ("".join(_PANE_KEYS[pane] for pane in PANES), "open"),
    ("Tab", "pane"),
    ("r", "probe"),
    ("space", "tick"),
    ("a", "ack"),
    ("/", "filter"),
    ("q", "quit"),
    ("?", "help"),
)
DETAIL_BAR = (
    ("Esc", "close"),
    ("j/k", "scroll"),
    ("y", "copy line"),
    ("/", "filter"),
    ("r", "probe"),
    ("a", "ack"),
    ("A", "arm"),
    ("X", "end"),
    ("?", "help"),
)
OPENED_BAR = (
    ("Esc", "back"),
    ("Enter", "why"),
    ("j/k", "move"),
    ("/", "filter"),
    ("r", "probe"),
    ("space", "tick"),
    ("u", "undo"),
    ("A", "arm"),
    ("X", "end"),
    ("y", "copy"),
    ("?", "help"),
)
HELP_BAR = (
    ("j/k", "move"),
    ("space", "page"),
    ("PgUp", "page up"),
    ("Esc q", "close help"),
)
NAMED_KEYS = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "backspace": "Backspace",
    "down": "Down",
    "up": "Up",
}


def keys_text(binding: Binding) -> str:
    """The keys of a binding as people write them."""
    keys = binding.key.split(",")
    return " ".join(NAMED_KEYS.get(key, key.replace("ctrl+", "Ctrl+")) for key in keys)
