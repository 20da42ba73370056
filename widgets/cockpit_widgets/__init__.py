"""The widgets of the screen: panes, the board screen, keys, layout. Made of the model and the feed.

Nothing here reads a file, a process or the store: a screen is handed a view of the board, and
leaves commands for the feed. Where to begin: `keys` (every key), `panes` (every pane: its letter,
its columns, its rows), `board_screen` (what a key does), `line_pane` (the one base of all panes).

Three things are as they are for the bytes that go over SSH. A pane compares its new lines with the
painted ones and refreshes only those that differ. What gains or loses focus repaints nothing by
itself, so `Screen.focused` does not repaint and panes draw their own cursor. No part is drawn
anew by time: there is no spinner, no Footer and no header clock but the corner of the top line.

What can be decided without Textual stands in modules that do not import it (`line_render`,
`list_state`, `intents`, `rows`) and is tested with plain values.
"""
