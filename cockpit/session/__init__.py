"""A session: one process at work on one config, collecting or attached to who collects.

`composition` is what every verb begins with: config, store, memories, probes, each made when asked
for. `one_shot` runs every probe once (`check`).

`session.Session` opens the store and asks for its lease. With the lease it runs the engine
(`collector`) and shows it through a live feed; without, it reads what the holder writes, watches
the holder's process and beat, and takes over when that one ends. A screen holds one
`feed_proxy.FeedProxy` all the time and does not notice which it is. Where the store can't be used
the session works in memory, and its board says so.

Beside that it follows the config file (`config_watcher`: a bad edit keeps the old plan) and closes
acts on processes whose author ended over them (`abandoned_act_watcher`). `startup` is what a screen
shows until its session is there.
"""
