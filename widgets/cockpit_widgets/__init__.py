"""Widgets of the cockpit for Textual: the board screen, its panes, its prompt and its key bar.

`board_screen.BoardScreen` holds everything; `line_pane.LinePane` is the base of each pane, `panes`
lists them, `keys` holds the key bindings, `arrange` the places of all parts. What a pane shows is
made by pure functions in `rows` and in the folder of each probe kind. Where Textual's own way would
repaint too much, `textual_internals` has the other one.
"""
