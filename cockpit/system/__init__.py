"""The operating system: commands, processes, sockets, services, files, and acts on processes.

Each package has one module to begin with: `processes.process_table` (facts of a process, by PID or
by its command line), `sockets.listeners` (who listens on which port; `sockets.sources` picks the
source), `services.supervisors` (the systemd unit or scheduled task behind a process),
`control.process_control` (the only place that signals or starts processes), `files.file_watcher`
(changes of files). Behind each stand the modules of the platforms. Calls block unless they are
`async`; none of them touches the screen, the store or the config.
"""
