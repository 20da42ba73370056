"""When a probe runs, what it may cost, and that nothing it does stops another.

`scheduler.Engine` is the heart: a task a probe, the present states, the board. `runner` is one
guarded run, `loop_thread` the thread it all turns in, `live_feed` what a screen in the same process
sees of it, `commands` what an operator's commands do.
"""
