"""Judging a port: what was seen on it against what the config expects. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cockpit.facts import FactValue
from cockpit.kinds.act_history import Act
from cockpit.kinds.base import Judgement
from cockpit.kinds.code_freshness import OLD_CODE, defunct_words
from cockpit.kinds.listener.facts import OwnerFacts, PortFacts
from cockpit.kinds.listener.port_snapshot import PortSnapshot
from cockpit.kinds.listener.serving import (
    NOBODY_SERVES,
    Death,
    Trouble,
    generations,
    judge_serving,
    stopped_words,
)
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.resource_usage import Usage, brief_argv, drawable_argv
from cockpit.kinds.restarts import Restarts
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.system.process_match import recognise_service
from cockpit.system.processes.server_parents import server_parent
from cockpit.system.processes.titles import Match, split_words, words_array, wrote_title
from cockpit.system.sockets.listeners import Listener, Queue, Service, hidden_of
from cockpit.text import format_utc, sanitize, whole_second


def judge_port(
    table: ListenerTable,
    sight: PortSnapshot,
    *,
    restarts: Restarts | None = None,
    usage: Usage | None = None,
    full_before: Collection[int] = (),
    was: Verdict = Verdict.OK,
    ending: Act | None = None,
    started_by: Mapping[int, str] | None = None,
    death: Death | None = None,
) -> Judgement:
    """Everything this port says.

    `full_before`: the sockets whose queue was full the run before; `was`: what the port was then;
    `ending`: an act under way that ends some of its owners; `started_by`: who started a service
    from a cockpit, by its root's PID; `death`: what is known of the last child's end of one that
    leaves serving to its children.
    """
    snapshot, restarts, usage = sight.snapshot, restarts or Restarts(), usage or Usage()
    listener = snapshot.on(table.port)
    services = listener.services if listener else ()
    by = started_by or {}
    trouble = judge_serving(listener, sight.states, death) if listener is not None else None
    if trouble is not None and trouble.verdict is Verdict.WARN and full_queues(listener):
        trouble = None  # a full queue is worse than one of several that is stopped
    rows = [
        service_finding(table, service, sight, usage, by.get(service.root.pid, ""), trouble)
        for service in services
    ]
    verdict, title, text, act = _verdict(table, sight, listener)
    counts = table.expect != "any"
    if trouble is not None and counts and trouble.verdict.severity > verdict.severity:
        verdict, title, text, act = trouble[:4]
    elif verdict is Verdict.OK and listener is not None and counts:
        verdict, title, text, act = _serving(listener, text, full_before, restarts)
    if ending is not None and verdict.severity < was.severity:
        # Of a group that dies one by one the last to go is not well again on the way.
        verdict, title = was, "BEING ENDED"
        text, act = f"{text}; {ending.who} is ending it", "wait until that has an outcome"
    port = Finding(
        key=f"port:{table.port}",
        verdict=verdict,
        subject=f":{table.port}",
        text=text,
        title="" if verdict is Verdict.OK else title,
        cause=f"port:{table.port}",
        next_act=act,
        root_cause=True,
        facts=PortFacts(
            port=table.port,
            expect=table.expect,
            addresses=listener.addresses if listener else (),
            owners=listener.pids if listener else (),
            services=len(services),
            hidden_uid=_hidden_uid(listener),
            sockets=listener.sockets if listener else 0,
            shared=listener.shared if listener else False,
            full=tuple(queue.inode for queue in full_queues(listener)),
            elsewhere=tuple(other.port for other in sight.other_ports),
            starts=tuple(sorted({whole_second(s.root.started_at) for s in services})),
            last_start=restarts.last_start,
            restarts=restarts.times,
            restarted_by=restarts.by,
            unserved_since=whole_second(death.at)
            if death is not None and death.at is not None and title == NOBODY_SERVES
            else None,
            unserved_exact=death.exact if death is not None and title == NOBODY_SERVES else None,
        ),
    )
    basis: dict[str, FactValue] = {
        "source": snapshot.source,
        "listeners": listener.sockets if listener else 0,
        "addresses": listener.addresses if listener else (),
    }
    if usage.graphics:
        basis["graphics"] = usage.graphics
    metrics = {"owners": float(len(listener.pids) if listener else 0), **usage.metrics}
    if listener is not None and listener.waiting is not None:
        metrics["waiting"] = float(listener.waiting)
        metrics["backlog"] = float(listener.backlog or 0)
        fullest = max((queue.waiting for queue in listener.queues), default=0)
        metrics["longest_queue"] = float(fullest)
    return Judgement(
        worst([verdict, *(row.verdict for row in rows)]),
        f"{table.port} {text}",
        (port, *rows),
        tuple(_doubts(sight, listener)),
        basis,
        metrics,
    )


def _serving(
    listener: Listener, text: str, full_before: Collection[int], restarts: Restarts
) -> tuple[Verdict, str, str, str]:
    """Whether a port that is held as expected is served, too."""
    if full := full_queues(listener):
        count = sum(queue.waiting for queue in full)
        where = _of_whom(listener, full) if listener.sockets > len(full) else ""
        said = f"{text}; {count} connections wait{where}, none is taken"
        act = "see what keeps it busy: its CPU, its threads, its log"
        still = any(queue.inode in full_before for queue in full)
        return Verdict.FAIL if still else Verdict.WARN, "NOT SERVING", said, act
    if restarts.too_many:
        said = f"{text}; {restarts.too_many}"
        return Verdict.WARN, "RESTARTS", said, "read its log: something ends it again and again"
    said = f"{text}; {restarts.on_purpose}" if restarts.on_purpose else text
    return Verdict.OK, "", said, ""


def full_queues(listener: Listener | None) -> tuple[Queue, ...]:
    """The sockets on which as many connections wait as may. Each has its own queue: the kernel
    spreads connections over a group, whether or not a member takes them."""
    return tuple(queue for queue in listener.queues if queue.full) if listener is not None else ()


def _of_whom(listener: Listener, full: Sequence[Queue]) -> str:
    """` at 4412, whose socket is one of 4`, for sockets that are not all of the port's."""
    inodes = {queue.inode for queue in full}
    pids = [owner.pid for owner in listener.owners if inodes.intersection(owner.sockets)]
    who = " ".join(map(str, pids)) or "a hidden owner"
    return f" at {who}, on {len(full)} of {listener.sockets} sockets"


_Outcome = tuple[Verdict, str, str, str]


def _verdict(table: ListenerTable, sight: PortSnapshot, listener: Listener | None) -> _Outcome:
    if listener is None:
        return _nobody(table, sight)
    if table.expect == "any":
        return Verdict.OK, "", _names(listener), ""
    count = len(listener.services)
    if table.expect == "none":
        who = _names(listener)
        act = "see who it is and who started it; end it if it is left over"
        return Verdict.FAIL, "UNEXPECTED LISTENER", f"{who}, want none", act
    known = {s: _match(table, s) for s in listener.services}
    strangers = [service for service, match in known.items() if match is Match.NO]
    if count > 1 and table.expect == "one":
        title = "TWO OWNERS" if count == 2 else f"{count} OWNERS"
        act = "compare since when each listens and end the one left over"
        return Verdict.FAIL, title, f"{_word(count)}, want one: {_names(listener)}", act
    if strangers and _is_told_as_one_word(table, strangers):
        return _one_word(table, strangers)
    if strangers:
        who = " ".join(f"{s.root.pid} {_command(s)}" for s in strangers[:3])
        wanted = " ".join(table.process or ())
        act = f"see why {wanted} does not hold the port"
        where = _elsewhere(sight)
        return Verdict.FAIL, "WRONG PROCESS", f"held by {who}, want {wanted}{where}", act
    if listener.hidden:
        return _hidden(table, listener, count)
    if titled := [service for service, match in known.items() if match is Match.UNKNOWN]:
        return _titled(table, titled)
    if table.expect == "one":
        workers = len(listener.services[0].pids)
        extra = f" with {workers} processes" if workers > 1 else ""
        if masters := generations(listener.services[0]):
            extra += f", {len(masters)} generations"
        return Verdict.OK, "", f"{listener.services[0].root.pid}{extra}", ""
    return Verdict.OK, "", _names(listener), ""


def _match(table: ListenerTable, service: Service) -> Match:
    return Match.YES if table.process is None else recognise_service(service, table.process)


def _titled(table: ListenerTable, titled: Sequence[Service]) -> _Outcome:
    """Owners of which nobody can tell whether they are the expected program."""
    who = " ".join(f"{s.root.pid} {_command(s)}" for s in titled[:3])
    wanted = " ".join(table.process or ())
    if any(wrote_title(service.root) for service in titled):
        text = f"{who}: it wrote a title over its argv, so whether it is {wanted} can't be read"
        act = "put words of that title into `process`, or set `executable` and `cwd` instead"
    else:
        text = f"{who}: its command line can't be read, so whether it is {wanted} is not known"
        act = "run as that user or root to see it"
    return Verdict.UNKNOWN, "NOT READABLE", text, act


def _is_told_as_one_word(table: ListenerTable, strangers: Sequence[Service]) -> bool:
    """Whether they are the expected program once words are taken apart that stand in one text."""
    words = split_words(table.process or ())
    return bool(words) and all(recognise_service(s, words) is Match.YES for s in strangers)


def _one_word(table: ListenerTable, strangers: Sequence[Service]) -> _Outcome:
    who = " ".join(f"{s.root.pid} {_command(s)}" for s in strangers[:3])
    several = next(one for one in table.process or () if split_words([one]))
    text = f'held by {who}; no argv holds "{several}" as one word, and taken apart it matches'
    act = f"write `process = {words_array(split_words(table.process or ()))}`: one word an item"
    return Verdict.UNKNOWN, "PROCESS WORDS", text, act


def _nobody(table: ListenerTable, sight: PortSnapshot) -> _Outcome:
    snapshot = sight.snapshot
    if not snapshot.complete:
        why = f": {snapshot.notes[0]}" if snapshot.notes else ""
        act = "run as a user who may see all sockets"
        return Verdict.UNKNOWN, "NOT SEEN", f"nobody seen, not everything may be seen{why}", act
    if table.expect == "none":
        return Verdict.OK, "", "free", ""
    if table.expect == "any":
        return Verdict.OK, "", "nobody now; nothing is expected of it", ""
    wanted = " ".join(table.process) if table.process else "the service"
    if sight.other_ports:
        text = f"nobody, want {table.expect}{_elsewhere(sight)}"
        return Verdict.FAIL, "PORT DRIFT", text, f"see why it is not on {table.port}"
    text = f"nobody, want {table.expect}"
    for process in sight.idle[:1]:
        role = server_parent(process.argv)
        text += (
            f"; {process.pid} is {role.text if role else 'its parent'} and nobody listens for it"
        )
        act = f"see the output of {process.pid}: its child died before it listened, or still starts"
        return Verdict.FAIL, "NOT LISTENING", text, act
    return Verdict.FAIL, "NOT LISTENING", text, f"start {wanted}"


def _hidden(table: ListenerTable, listener: Listener, visible: int) -> _Outcome:
    """A port with an owner that can't be seen: enough for `some`, no basis for anything else."""
    hidden = hidden_of(listener.hidden_uids)
    text = f"owner hidden ({hidden.whose})" + (f", {hidden.why}" if hidden.outside else "")
    if listener.hidden > 1:
        group = " of one address (SO_REUSEPORT)" if listener.shared else ""
        text = f"{listener.hidden} sockets{group}, {text}"
    if visible:
        text = f"{_names(listener)} and {text}"
    if table.process is None and table.expect == "some":
        return Verdict.OK, "", text, ""
    what = "which process it is" if table.process is not None else "whether it is one service"
    return Verdict.UNKNOWN, "OWNER HIDDEN", text, f"{hidden.act} to see {what}"


def _elsewhere(sight: PortSnapshot) -> str:
    """Where the program is found instead, for the end of a sentence."""
    found = [f"{one.port} ({_names(one)}{_home(one)})" for one in sight.other_ports[:3]]
    return f"; found on {', '.join(found)}" if found else ""


def _home(listener: Listener) -> str:
    """Where it works, as far as that is one place that can be read: it may be another project."""
    homes = {service.root.cwd for service in listener.services}
    home = homes.pop() if len(homes) == 1 else None
    return sanitize(f" in {home}") if home else ""


def _doubts(sight: PortSnapshot, listener: Listener | None) -> list[Doubt]:
    snapshot = sight.snapshot
    doubts: list[Doubt] = []
    if listener is None and not snapshot.complete:
        why = "; ".join(snapshot.notes) or f"{snapshot.source} does not see every socket"
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, why))
    if listener is not None and listener.hidden:
        hidden = hidden_of(listener.hidden_uids)
        text = f"{listener.hidden} of {listener.sockets} sockets belong to a hidden owner"
        doubts.append(Doubt(DoubtKind.PARTIAL_PERMISSION, f"{text} ({hidden.whose}): {hidden.why}"))
    for pid, lacking in sight.unread.items():
        if lacking:
            text = f"of {pid} can't be read: {', '.join(lacking)}"
            doubts.append(Doubt(DoubtKind.PARTIAL_PERMISSION, text))
    for pid, age in sight.code.items():
        if not age.complete:
            text = f"only {age.scanned} code files of {pid} were looked at"
            doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    return doubts


def _names(listener: Listener) -> str:
    pids: Sequence[int] = [service.root.pid for service in listener.services]
    if not pids:
        uid = _hidden_uid(listener)
        return f"owner hidden (uid {uid})" if uid is not None else "owner hidden"
    return " ".join(map(str, pids))


def _command(service: Service) -> str:
    command = service.root.command
    return command if len(command) <= 60 else command[:59] + "…"


def _hidden_uid(listener: Listener | None) -> int | None:
    return listener.hidden_uids[0] if listener and listener.hidden_uids else None


def _word(count: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(count, str(count))


def service_finding(
    table: ListenerTable,
    service: Service,
    sight: PortSnapshot,
    usage: Usage,
    started_by: str = "",
    trouble: Trouble | None = None,
) -> Finding:
    """The row of one service; `started_by` is who started it from a cockpit, `trouble` what is
    wrong with serving the port."""
    root = service.root
    words = f"since {format_utc(root.started_at)}"
    if root.parent_name:
        words += f", parent {root.parent_name}"
    if started_by:
        words += f", started by {started_by}"
    verdict, title, odd, act = _judge(table, service, sight, trouble)
    words += stopped_words(service, sight.states)
    words += _generations_words(service)
    defunct = usage.defunct.get(root.pid, ())
    words += defunct_words(defunct)
    return Finding(
        key=f"owner:{table.port}:{root.pid}",
        verdict=verdict,
        subject=str(root.pid),
        text=f"{root.command} {words}{odd}",
        title=title,
        cause=f"pid:{root.pid}" if title else "",
        next_act=act,
        is_process=True,
        pids=tuple(dict.fromkeys((root.pid, *service.pids))),
        priority=1,
        facts=OwnerFacts(
            port=table.port,
            pid=root.pid,
            pids=service.pids,
            workers=len(service.owners),
            sockets=service.sockets,
            argv=drawable_argv(root),
            brief=brief_argv(root),
            user=root.user,
            started_at=whole_second(root.started_at),
            cwd=root.cwd,
            executable=root.executable,
            parent=root.parent_name,
            started_by=started_by,
            defunct=defunct,
        ),
    )


def _generations_words(service: Service) -> str:
    masters = [
        f"{owner.pid} since {format_utc(owner.process.started_at)}"
        for owner in generations(service)
    ]
    told = ", ".join(masters)
    return f", {len(masters)} generations on one socket: {told}" if masters else ""


def _judge(
    table: ListenerTable, service: Service, sight: PortSnapshot, trouble: Trouble | None
) -> tuple[Verdict, str, str, str]:
    """(verdict, title, what is odd for the end of a sentence, next act)."""
    pid = service.root.pid
    if odd := sight.odd.get(pid):
        told = "; ".join(odd)
        return Verdict.FAIL, "WRONG PROCESS", f"; {told}", "start it as the config says"
    age = sight.code.get(pid)
    # What nobody serves runs no code at all: a restart for newer code is not what it needs.
    unserved = trouble is not None and trouble.title == NOBODY_SERVES
    if age is not None and age.newer and not unserved:
        verdict = OLD_CODE[table.newer_code]
        return verdict, "RUNS OLD CODE", f"; {age.text}", f"restart {pid} to run what is on disk"
    if lacking := sight.unread.get(pid):
        told = ", ".join(lacking)
        act = "run as that user or root to see it"
        return Verdict.UNKNOWN, "NOT READABLE", f"; can't be read: {told}", act
    return Verdict.OK, "", "", ""
