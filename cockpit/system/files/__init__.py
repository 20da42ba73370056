"""Files: which of a set of files changed.

`file_watcher.FileWatcher` watches folders, not files, because a watch on a file is dead after the
first atomic replace, and compares all files every few seconds besides: network drives and some
virtual machines deliver no events.
"""
