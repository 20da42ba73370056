"""A session: collect when nobody does, attach to who does, take over when that one ends.

Only the holder of the store's lease runs the engine (see `collector`); everybody else reads the
store.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from cockpit.clock import Clock, SystemClock
from cockpit.commands import Command, Reply, Ticket
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import TrustStore
from cockpit.engine.commands.dispatcher import CommandDispatcher
from cockpit.engine.commands.process_commands import ProcessCommands
from cockpit.engine.live_feed import LiveFeed
from cockpit.engine.loop_thread import LoopThread
from cockpit.engine.runner import ProbeRun, run_all
from cockpit.engine.scheduler import Engine
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import StoreHealth
from cockpit.evidence.lease import Holder, HolderKind
from cockpit.evidence.store import Store, not_written
from cockpit.evidence.store_feed import StoreFeed
from cockpit.kinds.checklist.edit_history import KINDS
from cockpit.model import Event, EventKind, MonitorStatus, Observation
from cockpit.permissions import ALL_ALLOWED, READ_ONLY_CAUSE, Permissions
from cockpit.probe_state import ProbeState
from cockpit.session.abandoned_act_watcher import AbandonedActWatcher
from cockpit.session.collector import Collector
from cockpit.session.composition import Composition
from cockpit.session.config_watcher import ConfigWatcher
from cockpit.session.feed_proxy import FeedProxy
from cockpit.session.identity import REFRESH, identity_of, with_checkout
from cockpit.system.control.output_file import keep_within, output_files
from cockpit.system.control.process_control import ProcessController
from cockpit.system.processes.process_table import identity_of as process_identity

OUTPUTS_EVERY = 1.0
"""Seconds between two looks at how long the outputs of started services are."""
MOST_EVENTS = 100_000
"""Events that are looked through for what is to be committed."""
START_TIMEOUT = 10.0
"""Seconds until a session that got no answer from its store gives up starting."""


class Session:
    """One process at work on one config.

    `start` returns once `feed` speaks; `close` ends everything within a second. All state below
    belongs to the session's own loop; the feed is the only thing other threads touch.
    """

    feed: FeedProxy
    _present: LiveFeed | StoreFeed

    def __init__(
        self,
        loaded: LoadedConfig,
        *,
        kind: HolderKind,
        user: str,
        host: str,
        who: str,
        clock: Clock | None = None,
        feed: FeedProxy | None = None,
        permissions: Permissions = ALL_ALLOWED,
    ) -> None:
        """`feed` is one that a screen holds already; without it the session makes its own.

        `permissions` say what it may change; all that it hands acts to gets them.
        """
        self._permissions = permissions
        self._controller = ProcessController(permissions)
        if feed is not None:
            self.feed = feed
        self._clock: Clock = clock or SystemClock()
        self._who = who
        self._composition = Composition(loaded, self._clock, who, permissions)
        self._plan = self._composition.probes()
        self._identity = identity_of(loaded, user, host, read_only=permissions.read_only)
        own = process_identity(os.getpid())
        self._holder = Holder(
            pid=os.getpid(),
            started_at=own.started_at if own else 0.0,
            host=host,
            actor=who,
            kind=kind,
        )
        self._config = ConfigWatcher(
            loaded,
            self._clock,
            apply=self._take_config,
            tell=self._tell_of_config,
            changed=self._notify,
        )
        self._recorder: Store
        self._collector: Collector
        self._dispatcher: CommandDispatcher
        self._thread = LoopThread()
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    def start(self, *, need_store: bool = False) -> None:
        """Open the store and begin to watch or to follow who watches.

        A store that can't be used is tried again until it can; until then the session works
        without one and its board says so. With `need_store` raises StoreError instead, unless the
        trouble may pass by itself.
        """
        self._recorder = self._composition.open_store(
            upkeep=True, wait=lambda error: error.passing or not need_store
        )
        self._numbering = self._recorder.numbering
        if open_to := self._composition.store_exposure:
            notes = (*self._identity.notes, f"evidence store: {open_to}")
            self._identity = replace(self._identity, notes=notes)
        self._collector = Collector(self._recorder, self._holder, self._clock)
        self._dispatcher = CommandDispatcher(
            lambda: self._plan,
            clock=self._clock,
            recorder=self._recorder,
            who=self._who,
            probe_now=self._probe_now,
            memory=self._composition.edits,
            board=self._observations,
            recorded=self._recorded,
            permissions=self._permissions,
            processes=ProcessCommands(
                lambda: self._composition.loaded,
                clock=self._clock,
                recorder=self._recorder,
                who=self._who,
                controller=self._controller,
                trusted=TrustStore.default().is_trusted,
                progress=lambda reply: self._present.push_reply(reply),
            ),
        )
        self._recorder.subscribe(self._hear)
        self._act_watch = AbandonedActWatcher(
            self._recorder, self._composition.loaded, self._clock, self._who, self._thread.call
        )
        self._recorder.subscribe(self._act_watch.hear)
        self._thread.start()
        self._thread.spawn(self._live())
        self._ready.wait(START_TIMEOUT)
        if self._failure is not None:
            self.close()
            raise self._failure

    def close(self) -> str:
        """Stop probing, end children, give the lease back, write what is left.

        Returns what could not be written, in words; empty when all of it was.
        """
        self._thread.stop()
        if hasattr(self, "_present"):
            self._present.close()
        if hasattr(self, "_recorder"):
            self._recorder.release(self._holder)
            return not_written(self._recorder.close(), self._recorder.health)
        return ""

    @property
    def recording(self) -> StoreHealth:
        """How recording is doing. For any thread."""
        return self._recorder.health

    def log(self, event: Event) -> None:
        """Put an event into the evidence."""
        self._recorder.log(event)

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._load_history())
                group.create_task(self._config.run())
                group.create_task(self._follow_checkout())
                group.create_task(self._act_watch.run())
                group.create_task(self._keep_outputs())
                group.create_task(self._work())
        except Exception as error:
            self._failure = error
            self._ready.set()
            raise

    async def _load_history(self) -> None:
        """Have the probes know what the store remembers of edits, and of acts on processes."""
        try:
            self._probe_again(await asyncio.to_thread(self._read_history))
        except StoreError:
            return

    def _read_history(self) -> frozenset[str]:
        reader = self._recorder.reader()
        try:
            self._composition.remember_acts(reader)
            return self._composition.remember_edits(reader)
        finally:
            reader.close()

    def _recorded(self, kinds: Sequence[str]) -> Sequence[Event]:
        """The events of these kinds, oldest first. Raises StoreError."""
        reader = self._recorder.reader()
        try:
            return reader.events(0, MOST_EVENTS, kinds=kinds)
        finally:
            reader.close()

    def _hear(self, events: Sequence[Event], states: Sequence[ProbeState]) -> None:
        """From the recorder's thread: what was recorded, by anybody."""
        self._composition.edits.hear(events)
        self._composition.acts.hear(events)
        if self._recorder.numbering != self._numbering:
            # A store that came back, or another: it may remember what this process never heard.
            self._numbering = self._recorder.numbering
            self._thread.spawn(self._load_history())
        names = {event.probe for event in events if event.kind in KINDS}
        engine = self._collector.engine
        known = engine.probe_states if engine is not None else {}
        news = [state for state in states if known.get(state.observation.probe) is not state]
        if names or (engine is not None and news):
            self._thread.call(lambda: self._take(names, news))

    def _take(self, edited: Collection[str], states: Sequence[ProbeState]) -> None:
        if self._collector.engine is not None:
            self._collector.engine.adopt(states)
        self._probe_again(edited)

    def _probe_again(self, names: Collection[str]) -> None:
        if self._collector.engine is not None:
            for name in names:
                self._collector.engine.trigger(name, "evidence")

    def _observations(self) -> Mapping[str, Observation]:
        return {name: each.observation for name, each in self._recorder.probe_states.items()}

    async def _work(self) -> None:
        """Collect while the lease is ours, follow while it is another's, for ever."""
        while True:
            await self._collector.wait_for_lease(held=self._follow)
            await self._collector.run(
                self._plan, started=self._show_own, beside=self._dispatcher.keep_mirrors
            )

    def _show_own(self, engine: Engine) -> Callable[[], None]:
        """Show what this process's own engine sees; returns the way to stop hearing of it."""
        feed = LiveFeed(
            engine,
            self._recorder.reader(),
            clock=self._clock,
            identity=lambda: self._identity,
            watch=self._watch,
            submit=self._submit,
        )
        stop_hearing = self._recorder.subscribe(feed.hear)
        self._switch_feed(feed)
        return stop_hearing

    def _follow(self) -> None:
        """Show what the collector sees, through the store."""
        self._switch_feed(
            StoreFeed(
                self._composition.loaded.store_path,
                plan=lambda: self._plan.order,
                clock=self._clock,
                identity=lambda: self._identity,
                submit=self._submit,
                config_error=lambda: self._config.error,
                own_trouble=lambda: self._recorder.health.trouble,
            )
        )

    def _switch_feed(self, feed: LiveFeed | StoreFeed) -> None:
        """Let `feed` speak from now on."""
        self._present = feed
        if hasattr(self, "feed"):
            self.feed.hand_over(feed)
        else:
            self.feed = FeedProxy(feed)
        self._ready.set()

    def _watch(self) -> MonitorStatus:
        health = self._recorder.health
        engine = self._collector.engine
        return MonitorStatus(
            recording=health.recording,
            trouble=health.trouble,
            used=health.used,
            cap=health.cap,
            gaps=self._recorder.gaps,
            beat=engine.watchdog.beat if engine else None,
            config_error=self._config.error,
            numbering=f"own {self._recorder.numbering}",
        )

    def _submit(self, command: Command, ticket: Ticket) -> None:
        self._thread.spawn(self._execute(command, ticket))

    async def _execute(self, command: Command, ticket: Ticket) -> None:
        try:
            reply = await self._dispatcher.execute(command, ticket)
        except Exception as error:  # noqa: BLE001 - the operator must hear of it, the rest goes on
            reply = Reply(ticket, False, f"that failed: {type(error).__name__}: {error}")
        self._present.push_reply(reply)

    async def _probe_now(self, name: str | None) -> Sequence[Observation]:
        if self._collector.engine is not None:
            return await self._collector.engine.probe_now(name)
        probes = [p.probe for p in self._plan.probes if name in (None, p.probe.name)]
        if not probes:
            raise KeyError(name)
        known = self._observations()
        looks = await run_all(
            probes, self._clock, previous=known, board=known, ended=self._record_own
        )
        return [seen.observation for seen in looks]

    def _record_own(self, seen: ProbeRun) -> None:
        """Record what this screen saw by itself, as soon as it is seen: later it may be old.

        What it did not measure only because it looks without acting says nothing to the others.
        """
        if any(finding.cause == READ_ONLY_CAUSE for finding in seen.observation.findings):
            return
        for artefact in seen.artefacts:
            self._recorder.save_artefact(artefact)
        self._recorder.observe(seen.observation, source="screen")

    async def _take_config(self, loaded: LoadedConfig) -> None:
        self._composition.reload(loaded)
        plan = self._composition.probes()
        engine = self._collector.engine
        if engine is not None:
            await engine.replan(plan)
            plan = engine.plan
        self._plan = plan

    def _tell_of_config(self, text: str) -> None:
        """Every session follows the file; the one that watches tells of it."""
        if self._collector.engine is not None:
            self._tell(EventKind.CONFIG, text)

    async def _follow_checkout(self) -> None:
        while True:
            self._identity = await with_checkout(self._identity, self._composition.loaded)
            await self._clock.sleep(REFRESH)

    async def _keep_outputs(self) -> None:
        """Keep the outputs of what was started here within their size while this one watches."""
        while True:
            if self._collector.engine is not None:
                table = self._composition.loaded.config.cockpit
                files = output_files(self._composition.loaded.store_path)
                if files:
                    await asyncio.to_thread(keep_within, files, table.store_max_mb * 1_000_000)
            await self._clock.sleep(OUTPUTS_EVERY)

    def _notify(self) -> None:
        if hasattr(self, "_present"):
            self._present.notify()

    def _tell(self, kind: EventKind, text: str) -> None:
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=kind,
                subject="cockpit",
                text=text,
                actor=self._who,
            )
        )
