"""What can start, what waits for what, how long it takes and took. Pure."""
