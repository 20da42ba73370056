"""Bytes in, items out: what a markdown file says, and what it claims. Pure but for `regular`."""
