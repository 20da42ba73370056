"""One process at work on one config.

`composition` is what every verb begins with: config, store, memories, probes, each made when asked
for. `one_shot` runs every probe once (`check`). `session` stays: it collects while it holds the
store's lease (`collector`), follows who does otherwise, and gives a screen its feed.
"""
