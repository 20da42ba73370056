"""Consent to commands: given for exactly one command, ended by any change of what it runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cockpit.clock import ManualClock
from cockpit.config.load import loads
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import TrustError, TrustStore
from cockpit.kinds.tables import ProbeTable
from cockpit.text import format_utc

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")

CONFIG = """
[[gate]]
name = "ops"
command = ["python", "gate.py", "--strict", "--rules=rules.ini", "data.json"]
[[gate]]
name = "module"
command = ["python", "-m", "tools.check"]
cwd = "sub"
[[gate]]
name = "report"
json = "r.json"
score = { value = "$.x" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sub" / "tools").mkdir(parents=True)
    (folder / "gate.py").write_text("print('3/3 passed')\n")
    (folder / "rules.ini").write_text("[a]\n")
    (folder / "data.json").write_text("{}")
    (folder / "sub" / "tools" / "check.py").write_text("pass\n")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "user" / "trust.json", ManualClock())


def names(store: TrustStore, loaded: LoadedConfig) -> list[str]:
    return [table.name for table in store.pending(loaded)]


def test_nothing_is_trusted_at_first(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    assert names(store, loaded) == ["ops", "module"]
    ops, module, report = loaded.config.of_kind("gate")
    assert not store.is_trusted(loaded, ops) and not store.is_trusted(loaded, module)
    assert store.is_trusted(loaded, report), "a gate that runs nothing needs no consent"
    assert store.trouble == "" and not store.path.exists()


def test_consent_counts_at_once_for_everybody_who_looks(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    other = TrustStore(store.path)
    assert store.trust(loaded, [loaded.config.of_kind("gate")[0]]) is None
    assert names(other, loaded) == ["module"] and other.is_trusted(
        loaded, loaded.config.of_kind("gate")[0]
    )
    other.trust(loaded, loaded.config.of_kind("gate"))
    assert names(store, loaded) == []
    store.revoke(loaded, [loaded.config.of_kind("gate")[0]])
    assert names(other, loaded) == ["ops"]


def test_what_consent_is_given_to(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    ops, module, report = (
        store.commands(loaded, table).get("command") for table in loaded.config.of_kind("gate")
    )
    assert ops is not None and module is not None and report is None
    assert ops.folder == folder and ops.argv[1:3] == ("gate.py", "--strict")
    assert ops.scripts == (folder / "gate.py", folder / "rules.ini")
    assert module.folder == folder / "sub"
    assert module.scripts == (folder / "sub" / "tools" / "check.py",)


def edit(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (edit("gate.py", "import os\n"), ["ops"]),
        (edit("rules.ini", "[b]\n"), ["ops"]),
        (edit("sub/tools/check.py", "import os\n"), ["module"]),
        (lambda folder: (folder / "gate.py").unlink(), ["ops"]),
        (edit("data.json", '{"more": 1}'), []),
        (edit("other.py", "import os\n"), []),
    ],
)
def test_a_changed_script_is_asked_for_again(
    folder: Path, store: TrustStore, change: Callable[[Path], None], asked: list[str]
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    change(folder)
    assert names(store, loaded) == asked


@pytest.mark.parametrize(
    ("old", "new", "asked"),
    [
        ('"--strict"', '"--lax"', ["ops"]),
        ('cwd = "sub"', "", ["module"]),
        ('"--strict"', '"--strict", "x"', ["ops"]),
        ('name = "ops"', 'name = "renamed"\nevery = "1h"\npass = 3', []),
    ],
)
def test_a_changed_command_is_asked_for_again_a_threshold_is_not(
    folder: Path, store: TrustStore, old: str, new: str, asked: list[str]
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    assert names(store, loads(CONFIG.replace(old, new), folder)) == asked


def test_the_same_config_in_another_folder_is_another_command(
    folder: Path, store: TrustStore
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    copy = folder.parent / "copy"
    (copy / "sub").mkdir(parents=True)
    assert names(store, loads(CONFIG, copy)) == ["ops", "module"]
    bare = '[[gate]]\nname = "g"\ncommand = ["make", "gate"]\n'
    store.trust(loads(bare, folder), loads(bare, folder).config.of_kind("gate"))
    assert names(store, loads(bare, folder)) == [] and names(store, loads(bare, copy)) == ["g"]


@posix
def test_another_program_on_the_path_is_asked_for_again(
    folder: Path, store: TrustStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = folder.parent / "bin"
    tools.mkdir()
    program = tools / "gatecheck"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    loaded = loads('[[gate]]\nname = "g"\ncommand = ["gatecheck"]\n', folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    assert names(store, loaded) == []
    program.write_text("#!/bin/sh\nrm x\n")
    assert names(store, loaded) == ["g"]
    store.trust(loaded, loaded.config.of_kind("gate"))
    program.unlink()
    assert names(store, loaded) == ["g"], "a program that is gone is another command"


@posix
def test_a_program_given_as_a_path_is_read_from_the_folder(folder: Path, store: TrustStore) -> None:
    script = folder / "run.sh"
    script.write_text("#!/bin/sh\n")
    loaded = loads('[[gate]]\nname = "g"\ncommand = ["./run.sh"]\n', folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    assert names(store, loaded) == []
    script.write_text("#!/bin/sh\nrm x\n")
    assert names(store, loaded) == ["g"]


@posix
def test_the_file_is_for_this_user_alone(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    before = os.umask(0)
    try:
        store.trust(loaded, loaded.config.of_kind("gate"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert [path.name for path in store.path.parent.iterdir()] == ["trust.json"]
    assert "--strict" not in store.path.read_text(), "argv may hold secrets"
    store.path.chmod(0o620)
    assert names(store, loaded) == ["ops", "module"]
    assert "can be written by others" in store.trouble


@posix
def test_a_file_of_another_user_trusts_nothing(
    folder: Path, store: TrustStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.of_kind("gate"))
    assert names(store, loaded) == []
    if os.geteuid() == 0:
        os.chown(store.path, 12345, -1)
    else:
        somebody = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert names(store, loaded) == ["ops", "module"]
    assert "can be written by others" in store.trouble


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"format": 2, "commands": {}}', b'{"format": 1}', b"\xff",
        b"[" * 100_000, b'{"format": 1, "commands": []}',
    ],
)  # fmt: skip
def test_a_damaged_file_trusts_nothing_and_is_kept(
    folder: Path, store: TrustStore, body: bytes
) -> None:
    loaded = loads(CONFIG, folder)
    store.path.parent.mkdir()
    store.path.write_bytes(body)
    store.path.chmod(0o600)
    assert names(store, loaded) == ["ops", "module"]
    assert "is damaged" in store.trouble
    assert store.path.read_bytes() == body, "looking changes nothing"
    for round in range(2):
        aside = store.trust(loaded, loaded.config.of_kind("gate"))
        assert aside is not None and aside.read_bytes() == body
        assert names(store, loaded) == [] and store.trouble == ""
        if round == 0:
            store.path.write_bytes(body)
    assert len(list(store.path.parent.iterdir())) == 3


def test_a_file_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    store = TrustStore(tmp_path / "blocked" / "trust.json", ManualClock())
    loaded = loads(CONFIG, folder)
    with pytest.raises(TrustError, match=r"trust\.json cannot be written: "):
        store.trust(loaded, loaded.config.of_kind("gate"))


def test_an_entry_says_when_and_for_what(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.of_kind("gate")[:1])
    document = json.loads(store.path.read_text(encoding="utf-8"))
    (entry,) = document["commands"].values()
    assert entry == {
        "probe": "ops",
        "folder": str(folder),
        "trusted_at": "2026-01-05T12:00:00Z",
        "covers": 2,
    }


def test_starting_and_stopping_a_listener_need_consent_too(folder: Path, store: TrustStore) -> None:
    text = (
        '[[listener]]\nname = "api"\nport = 8001\nprocess = ["gate.py"]\n'
        'start = ["python", "gate.py"]\nstop = ["sh", "stop.sh"]\n'
        '[[listener]]\nname = "plain"\nport = 8002\n'
    )
    loaded = loads(text, folder)
    api, plain = loaded.config.of_kind("listener")
    assert names(store, loaded) == ["api"] and store.is_trusted(loaded, plain)
    assert set(store.commands(loaded, api)) == {"start", "stop"}
    store.trust(loaded, [api])
    assert store.is_trusted(loaded, api) and names(store, loaded) == []
    (folder / "stop.sh").write_text("kill everything\n")
    assert not store.is_trusted(loaded, api), "a script that came later was never agreed to"


def test_the_default_store_is_below_the_users_config() -> None:
    assert TrustStore.default().path.name == "trust.json"
    assert TrustStore.default().path.parent.name == "paperlive-cockpit"


def former_entry(folder: Path, argv: list[str], scripts: list[Path]) -> dict[str, object]:
    """A consent as version 0.1 kept it: to the files that the words themselves name."""

    def content(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    program = shutil.which(argv[0])
    assert program is not None
    said = {
        "argv": argv,
        "folder": str(folder),
        "environment": [],
        "program": [program, content(Path(program))],
        "scripts": [[str(path), content(path)] for path in scripts],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    about = {"probe": "g", "folder": str(folder), "trusted_at": format_utc(LATER)}
    return {hashlib.sha256(text.encode()).hexdigest(): about}


LATER = datetime.now(UTC) + timedelta(hours=1)


def test_a_former_file_keeps_its_consents(folder: Path, store: TrustStore) -> None:
    (folder / "run.txt").write_text("echo\n")
    python, shell = ["python3", "gate.py", "data.json"], ["sh", "run.txt"]
    commands = former_entry(folder, python, [folder / "gate.py"]) | former_entry(folder, shell, [])
    store.path.parent.mkdir(mode=0o700)
    store.path.write_text(json.dumps({"format": 1, "commands": commands}))
    store.path.chmod(0o600)
    text = "".join(
        f'[[gate]]\nname = "{name}"\ncommand = {json.dumps(argv)}\n'
        for name, argv in (("py", python), ("sh", shell))
    )
    loaded = loads(text, folder)
    assert names(store, loaded) == [] and store.trouble == ""
    (folder / "gate.py").write_text("import os\n")
    assert names(store, loaded) == ["py"]
    # What the former rule did not cover holds for as long as it is older than the consent.
    long_after = (LATER + timedelta(hours=1)).timestamp()
    os.utime(folder / "run.txt", (long_after, long_after))
    assert names(store, loaded) == ["py", "sh"]
    store.trust(loaded, loaded.config.probes())
    assert names(store, loaded) == []


def test_what_was_shown_is_agreed_to(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    shown = [request for request in store.requests(loaded) if request.waits]
    (folder / "gate.py").write_text("import os\n")
    store.agree(loaded, shown)
    assert names(store, loaded) == ["ops"], "an edit between the look and the yes"


def test_everything_of_a_folder_is_taken_back(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.probes())
    (folder / "gate.py").write_text("import os\n")
    store.trust(loaded, loaded.config.probes())
    store.revoke(loaded, loaded.config.probes()[:1])
    held = json.loads(store.path.read_text())["commands"].values()
    assert [entry["probe"] for entry in held] == ["module"]
    store.revoke(loaded, [], whole_folder=True)
    assert json.loads(store.path.read_text())["commands"] == {}


@posix
def test_a_link_trusts_nothing(folder: Path, store: TrustStore) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.probes())
    planted = folder / "planted.json"
    store.path.rename(planted)
    store.path.symlink_to(planted)
    assert names(store, loaded) == ["ops", "module"]
    assert "it is a link" in store.trouble
    aside = store.trust(loaded, loaded.config.probes())
    assert aside is not None and aside.is_symlink() and not store.path.is_symlink()
    assert names(store, loaded) == []


@posix
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_may_write_to_trusts_nothing(
    folder: Path, store: TrustStore, mode: int
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.probes())
    store.path.parent.chmod(mode)
    assert names(store, loaded) == ["ops", "module"]
    assert "chmod 700" in store.trouble
    with pytest.raises(TrustError, match="chmod 700"):
        store.trust(loaded, loaded.config.probes())
    store.path.parent.chmod(0o700)
    assert names(store, loaded) == [], "nothing was lost meanwhile"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("owner", [12345, 65534])
def test_a_folder_of_another_user_trusts_nothing(
    folder: Path, store: TrustStore, owner: int
) -> None:
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.probes())
    os.chown(store.path.parent, owner, -1)
    assert names(store, loaded) == ["ops", "module"]
    assert "belongs to another user" in store.trouble
    os.chown(store.path.parent, 0, -1)
    os.chown(store.path, owner, -1)
    assert names(store, loaded) == ["ops", "module"]
    assert "belongs to another user" in store.trouble


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_root_is_another_users_too(folder: Path) -> None:
    # Where tests keep their files nobody else may enter.
    home = Path(tempfile.mkdtemp(prefix="cockpit-"))
    store = TrustStore(home / "trust.json", ManualClock())
    loaded = loads(CONFIG, folder)
    store.trust(loaded, loaded.config.probes())
    os.chown(home, 12345, -1)
    store.path.chmod(0o644)
    home.chmod(0o755)
    os.seteuid(12345)
    try:
        assert "belongs to another user" in store.trouble
        assert names(store, loaded) == ["ops", "module"]
    finally:
        os.seteuid(0)
        shutil.rmtree(home)


@posix
def test_consents_that_are_given_at_once_are_all_kept(folder: Path, store: TrustStore) -> None:
    text = "".join(f'[[gate]]\nname = "g{n}"\ncommand = ["tool", "{n}"]\n' for n in range(24))
    loaded = loads(text, folder)
    together = threading.Barrier(24)

    def agree(table: ProbeTable) -> None:
        together.wait()
        TrustStore(store.path).trust(loaded, [table])

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(agree, loaded.config.probes()))
    assert names(store, loaded) == []
