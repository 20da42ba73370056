"""Processes: who has a PID, which process is meant by words, who belongs to whom, how one ended.

`process_table` is the door; behind it `linux_backend` reads /proc and `psutil_backend` asks psutil.
A PID alone names nobody: a `ProcessIdentity` is a PID and its start. `argv` matches whole words of
a command line against a configured program, never substrings. `exits` tells at once when a process
ends: by pidfd in the event loop, elsewhere by a thread that waits.
"""
