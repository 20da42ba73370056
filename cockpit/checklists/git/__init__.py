"""Git beside the edits: committing just our own changes, and telling what git itself brought back.

`commit_plan` looks, `commit` acts: a commit is built in an index of its own, hooks run on exactly
what was shown, and nothing is moved in the repository before they are done. It never pushes.
`restores` tells a tick that git took back (checkout, reset, stash) from one that an editor did.
"""
