"""Parse markdown into items, and read the claims it makes. Pure, but for `file_io`."""
