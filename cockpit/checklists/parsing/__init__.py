"""Reading a checklist: bytes in, items out. What a file says, and what it claims of itself.

`parse.parse` makes a `Document` of `Item`s. markdown-it decides which blocks there are; the marker
is then looked for in the bytes of that line, and where they do not read as markdown-it read them
the line is no item. So a span never points at anything but its marker. Pure but for `file_io`.
"""
