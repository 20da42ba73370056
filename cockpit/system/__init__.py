"""Facts and acts of the operating system: processes, listeners, files, commands.

One interface a subject, one file a platform behind it. Calls block unless they are `async`; none of
them touches the screen, the store or the config.
"""
