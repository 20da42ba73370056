"""What each pane shows, as pure functions from a view of the board to rows and a banner."""
