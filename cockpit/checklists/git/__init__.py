"""Git beside the edits: committing just these, and telling what git itself brought back."""
