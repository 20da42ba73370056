"""The engine: when a probe runs, what it may cost, and that nothing it does stops another.

`scheduler.Engine` has one task a probe and runs it when its period is over or a trigger names it;
`runner.run_probe` is the one guarded run, from which an observation comes whatever happens;
`probe_set.build_probes` makes the probes of a config. `live_feed` shows the board of an engine in
this process. `commands` carries out what a screen asks for.

Everything belongs to one event loop, in the daemon thread that `loop_thread` makes; other threads
come in through it. What may block goes through `blocking`, never through the loop's own executor,
which holds the interpreter back at its end. `watchdog` tells when the loop stopped, when an
observation expired and when the wall clock stepped; `throttle` decides which news wakes a screen.

The engine knows the kinds by `Probe` alone, and of the store only that it can be told.
"""
