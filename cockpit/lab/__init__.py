"""The lab: a demo stack of real processes in a temporary workspace, and incidents that break it.

`stack.Lab` starts and ends it. This file imports nothing, because every child process passes it.
"""
