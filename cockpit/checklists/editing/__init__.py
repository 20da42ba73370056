"""One marker, one line, one block changed, while others are kept out; and what became of it."""
