"""A repository every setting of which names a program that leaves a mark when it is run."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

HOOKS = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-merge",
    "pre-auto-gc", "post-rewrite", "post-index-change", "reference-transaction",
    "fsmonitor-watchman",
)  # fmt: skip
LIST = "# Plan\n\n- [ ] T1 gather\n- [ ] T2 refine\n"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"


@dataclass
class Trapped:
    """The repository in `folder`; `sprung` is the folder of the marks."""

    folder: Path
    traps: Path
    sprung: Path

    @property
    def marks(self) -> list[str]:
        """The traps that were sprung since the last `clear`."""
        return sorted(one.name for one in self.sprung.iterdir())

    def clear(self) -> None:
        for one in self.sprung.iterdir():
            one.unlink()

    def touch(self) -> None:
        """Give the files another time than the index noted: git has to look into them."""
        for name in ("PLAN.md", "NEXT.md", "some.txt", "part/IN.md"):
            os.utime(self.folder / name, (1_700_000_000, 1_700_000_000))

    def trap(self, name: str, does: str = "exit 1") -> str:
        """The path of a program that leaves the mark `name`."""
        path = self.traps / name
        mark = shlex.quote(str(self.sprung / name))
        path.write_text(f"#!/bin/sh\n: > {mark}\n{does}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def git(self, *words: str, check: bool = True) -> str:
        """Git as anybody runs it, with all that the repository says."""
        return plain_git(self.folder, *words, check=check)


def plain_git(folder: Path, *words: str, check: bool = True) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=check,
    )
    return done.stdout.strip()


def trapped(place: Path) -> Trapped:
    """Make it below `place`: PLAN.md and LOST.md are tracked, the content of LOST.md is missing."""
    made = Trapped(place / "looked-at", place / "traps", place / "sprung")
    for folder in (made.folder, made.traps, made.sprung):
        folder.mkdir()
    _history(made, place)
    _settings(made)
    made.clear()
    made.touch()
    return made


def _history(made: Trapped, place: Path) -> None:
    folder = made.folder
    part = place / "part"
    part.mkdir()
    (part / "IN.md").write_text("in\n", encoding="utf-8")
    for one in (part, folder):
        plain_git(one, "init", "-q", "-b", "main")
        plain_git(one, "config", "user.name", "t")
        plain_git(one, "config", "user.email", "t@example.org")
    plain_git(part, "add", ".")
    plain_git(part, "commit", "-qm", "part")
    (folder / "PLAN.md").write_text(LIST, encoding="utf-8")
    (folder / "LOST.md").write_text("# Lost\n\n- [ ] L1 gone\n", encoding="utf-8")
    (folder / "NEXT.md").write_text("# Next\n\n- [ ] N1 wait\n", encoding="utf-8")
    (folder / "some.txt").write_text("x\n", encoding="utf-8")
    (folder / ".gitattributes").write_text(
        "*.md filter=trap diff=trap merge=trap\nNEXT.md filter=plain\n*.txt filter=\n",
        encoding="utf-8",
    )
    made.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part), "part")
    made.git("add", ".")
    signs = made.trap(
        "signs", f"cat > /dev/null; echo '[GNUPG:] SIG_CREATED ' >&2\necho '{_SIGNATURE}'"
    )
    made.git("-c", f"gpg.program={signs}", "commit", "-q", "-S", "-m", "first")
    lost = made.git("rev-parse", "HEAD:LOST.md")
    (folder / ".git" / "objects" / lost[:2] / lost[2:]).unlink()


def _settings(made: Trapped) -> None:
    trap = made.trap
    hooks = made.folder / ".git" / "hooks"
    elsewhere = made.traps / "hooks"
    elsewhere.mkdir()
    for name in HOOKS:
        for place in (hooks, elsewhere):
            hook = place / name
            hook.write_text(f"#!/bin/sh\nexec {shlex.quote(trap(f'hook-{name}'))}\n")
            hook.chmod(0o755)
    included = made.traps / "included"
    included.write_text(
        f'[filter "included"]\n\tclean = {trap("included-clean", "cat")}\n', encoding="utf-8"
    )
    info = made.folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("*.toml filter=included\n", encoding="utf-8")
    alias = f"!{trap('alias')}"
    for name, value in (
        ("filter.trap.clean", trap("clean", "cat")),
        ("filter.trap.smudge", trap("smudge")),
        ("filter.trap.process", trap("process")),
        ("filter.trap.required", "true"),
        ("filter.plain.clean", trap("plain-clean", "cat")),
        ("filter..clean", trap("nameless-clean", "cat")),
        ("core.fsmonitor", trap("fsmonitor")),
        ("core.hooksPath", str(elsewhere)),
        ("core.pager", trap("pager")),
        ("core.editor", trap("editor")),
        ("core.sshCommand", trap("ssh")),
        ("core.askPass", trap("askpass")),
        ("core.gitProxy", trap("proxy")),
        ("core.alternateRefsCommand", trap("alternate")),
        ("credential.helper", f"!{trap('credential')}"),
        ("diff.external", trap("diff-external")),
        ("diff.trap.command", trap("diff-command")),
        ("diff.trap.textconv", trap("textconv")),
        ("merge.trap.driver", trap("merge")),
        ("log.showSignature", "true"),
        ("gpg.program", trap("gpg")),
        ("gpg.ssh.program", trap("gpg-ssh")),
        ("pager.status", "true"),
        ("pager.log", trap("pager-log")),
        ("hook.trap.command", trap("named-hook")),
        ("hook.trap.event", "post-index-change"),
        ("status.submoduleSummary", "true"),
        ("remote.origin.url", f"ext::{trap('remote')} %S"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialCloneFilter", "blob:none"),
        ("remote.origin.uploadpack", trap("uploadpack")),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("includeIf.gitdir:/.path", str(included)),
        *((f"alias.{name}", alias) for name in ("status", "log", "config", "rev-parse", "hook")),
    ):
        made.git("config", name, value)
    part = made.folder / "part"
    plain_git(part, "config", "core.fsmonitor", trap("submodule-fsmonitor"))
    plain_git(part, "config", "filter.trap.clean", trap("submodule-clean", "cat"))
    (part / ".gitattributes").write_text("*.md filter=trap\n", encoding="utf-8")
