"""Editing a checklist: one marker, one line, one block changed, while others are kept out.

`writer.set_item` is the door for states, `notes` and `generated_blocks` for lines. All go through
`safe_write`: in place under an exclusive hold, else an atomic exchange and a look at what was
displaced, else a refusal. At every moment the file is the old or the new one, and nothing that
another program wrote in between is dropped. An item is found again by its `anchor`, or not at all.
What a platform can do about other programs stands in one file each (`platform_linux`,
`platform_windows`, `platform_other`).
"""
