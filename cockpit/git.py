"""The one door to git: every git process of the cockpit is made here, to look or to act.

To look must run nothing that the looked-at folder names. A checkout comes from anybody, and its
own configuration can name programs: filters of its attributes, a file system monitor, hooks, a
pager, a program that verifies signatures, a remote that lazily fetches what is missing. So a look
has each of these switched off on its command line, which outranks every file; what has a free name
(filters, configured hooks) is asked for first and switched off by its name, wherever it was
configured. What git would have answered with a filter is then not known, and is said to be so.

System and user configuration stay in force: they are the user's own, and `safe.directory`,
`core.autocrlf` and the global ignores are part of a right answer. A checkout of somebody else's
that git itself refuses stays refused.

To act is for a commit that was asked for: there the repository's hooks and filters run as git
would run them.

Of the environment a look keeps only those GIT_ variables that say where git itself and the user's
own settings are. An act keeps what its hooks may need and loses what git drops itself on the way
into another repository, and what else a hook, an alias or a rebase around us left there: it would
lead to another repository, index, date or output.

A configuration that is rewritten between the question for the names and the look itself is the one
thing this can't see.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

TIMEOUT = 30.0
"""Seconds a git process may take where the caller says nothing."""
LOOK_TIMEOUT = 10.0
"""The same of a look: a pipe that a configuration includes would hold it for ever."""
_MOST_NAMES = 100
"""Filters and hooks one look switches off; more of them are nobody's honest configuration."""
_KEPT = frozenset(
    {
        "GIT_EXEC_PATH",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
    }
)
"""The GIT_ variables that a look keeps."""
_MISLEADING = re.compile(
    r"GIT_(?:DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|PREFIX|INTERNAL_SUPER_PREFIX"
    r"|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|SHALLOW_FILE|GRAFT_FILE"
    r"|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|NAMESPACE|ATTR_SOURCE|DEFAULT_\w+|REFLOG_ACTION"
    r"|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+"
    r"|(?:AUTHOR|COMMITTER)_DATE|\w+_PATHSPECS|EXTERNAL_DIFF|DIFF_OPTS|SEQUENCE_EDITOR|PAGER"
    r"|TRACE\w*|TEST_\w+|REDIRECT_\w+|OPTIONAL_LOCKS)"
)
"""The GIT_ variables that an act loses."""
_ASKING = frozenset({"GPG_TTY", "SSH_ASKPASS", "DISPLAY", "PAGER"})
"""Ways to ask somebody something, or to show it."""
_HOOKS = "core.hooksPath=/dev/null"
_SWITCHES = (
    "core.fsmonitor=false",
    _HOOKS,
    "core.pager=cat",
    "core.sshCommand=false",
    "core.alternateRefsCommand=",
    "credential.helper=",
    "log.showSignature=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "status.submoduleSummary=false",
    "maintenance.auto=false",
    "gc.auto=0",
)
_LOOK = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    # Outranks `protocol.NAME.allow` of the repository; an older git fetches lazily all the same.
    "GIT_ALLOW_PROTOCOL": "",
}
_ALWAYS = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "false",
    "GIT_ASKPASS": "false",
    "LC_ALL": "C",
}


class GitError(Exception):
    """Git is not installed, refused, failed, took too long or can't be asked safely."""


@dataclass(frozen=True, slots=True)
class GitCall:
    """A git process that can be run as it stands: by `run`, or by whoever runs commands.

    `env` is the whole environment, `reads` says that it only looks.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    reads: bool

    def with_words(self, *words: str) -> GitCall:
        """The same with more words at its end."""
        return replace(self, argv=(*self.argv, *words))


@dataclass(frozen=True, slots=True)
class NamedPrograms:
    """The filters and hooks that a configuration names, as they are called there."""

    filters: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()

    @property
    def switches(self) -> tuple[str, ...]:
        """The settings that switch all of them off."""
        # An empty command is no filter; `required` would take the absence for a failure.
        ends = ("clean=", "smudge=", "process=", "required=false")
        return (
            *(f"filter.{name}.{end}" for name in self.filters for end in ends),
            *(f"hook.{name}.enabled=false" for name in self.hooks),
        )


NOTHING_NAMED = NamedPrograms()


def look(
    folder: Path,
    *words: str,
    named: NamedPrograms = NOTHING_NAMED,
    real_hooks_path: bool = False,
) -> GitCall:
    """A call that only reads, and runs nothing that `folder` names.

    `named` switches off filters and hooks: needed by what compares or converts files on disk.
    `real_hooks_path` is for the question where the hooks are, which runs none. Raises GitError
    when there is no git.
    """
    switches = [one for one in _SWITCHES if one is not _HOOKS or not real_hooks_path]
    options = [word for one in (*switches, *named.switches) for word in ("-c", one)]
    argv = (program(), "--no-pager", "--no-optional-locks", *options, *words)
    return GitCall(argv, _environment(_LOOK, reads=True), folder, reads=True)


def act(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> GitCall:
    """A call that may change the repository, with its hooks and filters; `env` comes on top.

    Raises GitError when there is no git.
    """
    argv = (program(), "--no-pager", *words)
    return GitCall(argv, environment(env or {}), folder, reads=False)


def question_for_names(folder: Path) -> GitCall:
    """The call whose output `named_programs` reads. Raises GitError when there is no git."""
    return look(folder, "config", "-z", "--get-regexp", r"^(filter|hook)\..*\.")


def named_programs(output: bytes) -> NamedPrograms:
    """The names in what `question_for_names` printed.

    Raises GitError when they can't be switched off for certain: then nothing is to be asked.
    """
    found: dict[str, dict[str, None]] = {"filter": {}, "hook": {}}
    for entry in output.split(b"\0"):
        section, _, rest = os.fsdecode(entry.partition(b"\n")[0]).partition(".")
        if section not in found:
            continue
        name = rest.rpartition(".")[0]
        if "=" in name:
            raise GitError("its git configuration names a filter that can't be switched off")
        found[section][name] = None
    if sum(map(len, found.values())) > _MOST_NAMES:
        raise GitError(f"its git configuration names more than {_MOST_NAMES} filters and hooks")
    return NamedPrograms(tuple(found["filter"]), tuple(found["hook"]))


def ask_names(folder: Path, *, timeout: float = LOOK_TIMEOUT) -> NamedPrograms:
    """The filters and hooks that the configuration in force in `folder` names. Raises GitError."""
    done = completed(question_for_names(folder), timeout=timeout)
    if done.returncode not in (0, 1):  # 1: there is no such entry
        raise GitError(_said(done))
    return named_programs(done.stdout)


def run(call: GitCall, *, data: bytes = b"", timeout: float | None = None) -> bytes:
    """Run a call to its end with `data` on its standard input; its output. Blocks.

    Raises GitError when it fails, with what git said, or takes longer than `timeout` seconds (None:
    as long as such a call may).
    """
    done = completed(call, data=data, timeout=timeout)
    if done.returncode != 0:
        raise GitError(_said(done))
    return done.stdout


def completed(
    call: GitCall, *, data: bytes = b"", timeout: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The same, whatever its exit code. Raises GitError when it can't be run, or takes too long."""
    if timeout is None:
        timeout = LOOK_TIMEOUT if call.reads else TIMEOUT
    try:
        return subprocess.run(
            call.argv,
            cwd=call.folder,
            env=dict(call.env),
            input=data,
            capture_output=True,
            timeout=timeout,
            # Without a controlling terminal no child can ask for a passphrase on it.
            start_new_session=sys.platform != "win32",
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed, or the folder is gone") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"took longer than {timeout:.0f} s") from error
    except (OSError, ValueError) as error:
        raise GitError(f"cannot be run: {error}") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    return f"failed: {said or done.returncode}"


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of an act, for what is run beside it as well, with `more` on top."""
    return _environment(more, reads=False)


def _environment(more: Mapping[str, str], *, reads: bool) -> dict[str, str]:
    def strays(name: str) -> bool:
        if not name.startswith("GIT_"):
            return name in _ASKING
        return name not in _KEPT if reads else _MISLEADING.fullmatch(name) is not None

    kept = {name: value for name, value in os.environ.items() if not strays(name)}
    return kept | _ALWAYS | dict(more)


def program() -> str:
    """The path of git. Raises GitError when PATH has none.

    Entries of PATH that are relative would find one in the folder we look at; they are passed over.
    """
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        place = Path(folder, name)
        if place.is_absolute() and place.is_file() and os.access(place, os.X_OK):
            return str(place)
    raise GitError("git is not installed")


def filter_question(folder: Path, paths: Sequence[str]) -> GitCall:
    """The call that asks which filter each of these paths has, for `filtered_by`; they are named
    from `folder`. Raises GitError when there is no git."""
    return look(folder, "check-attr", "-z", "filter", "--", *paths)


def filtered_by(output: bytes, named: NamedPrograms) -> dict[str, str]:
    """The filter of each path in the output of `filter_question`; only those of `named`.

    A filter that nothing is configured for does nothing in git either.
    """
    fields = output.split(b"\0")
    told = zip(fields[::3], fields[2::3], strict=False)
    pairs = ((os.fsdecode(path), os.fsdecode(value)) for path, value in told)
    return {path: value for path, value in pairs if value in named.filters}
