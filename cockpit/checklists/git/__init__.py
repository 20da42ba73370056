"""Git: commit only the cockpit's own edits, and tell which old states git itself restored."""
