"""Control: ending and starting the services that are watched. No other room does that.

`process_control.ProcessController` is the one place that signals and spawns; `--read-only` refuses
here. Ending goes in three steps: `stop_plan` decides what exactly would end and what is refused,
`stop` checks all of it again and does it, `stop_result` looks whether the port is free. Starting
(`start`, `unit_start`) holds a `target_lock`, looks for who runs already (`conflicts`), and checks
that exactly one is there afterwards.
"""
