"""A board as text for machines and people: one file a format of `cockpit check`."""
