"""Kinds of probes: a folder each, and the registry that lists them.

A kind's folder holds its config table (`table`), its probe, which reads (`probe`), its evaluation,
which judges what was read and is pure (`evaluate`), the typed facts of its findings (`facts`), and
how they are drawn (`rows`). Its `__init__` declares all that in `KIND`. Nothing of a kind is
imported before a config names it.
"""
