"""Plans: what can start, what waits for what, how long it takes and took. Pure.

`builder` turns documents into a `plan.Plan`, `combined_plan` all checklists of a config into one;
`requires` says what must hold before an item may be begun or done; `metrics` gives cycle times of
recorded edits. A reference that could mean several tasks is listed, never guessed.
"""
