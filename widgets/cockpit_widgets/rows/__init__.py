"""Rows and banners of panes that belong to no kind, as pure functions of a view of the board."""
