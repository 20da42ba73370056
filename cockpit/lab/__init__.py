"""The demo stack: real processes in a temporary workspace, and incidents that break them.

`stack.Lab` starts and ends it. This file imports nothing, because every child process passes it.
"""
