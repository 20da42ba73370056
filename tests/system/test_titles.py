"""Titles over an argv: which are recognised, which leave it open, which are another program."""

from __future__ import annotations

import pytest

from cockpit.system.process_match import mismatches, unreadable
from cockpit.system.processes.process_facts import ProcessFacts, ProcessIdentity
from cockpit.system.processes.server_parents import server_parent
from cockpit.system.processes.titles import Match, recognise, split_words, wrote_title

PYTHON = "/usr/bin/python3.12"
NGINX = "/usr/sbin/nginx"


def process(*argv: str, executable: str | None = PYTHON) -> ProcessFacts:
    return ProcessFacts(
        identity=ProcessIdentity(7, 1.0),
        argv=argv,
        name="x",
        user="ops",
        uid=1000,
        cwd="/srv",
        executable=executable,
        ppid=1,
        parent_name="systemd",
        status="sleeping",
    )


@pytest.mark.parametrize(
    ("argv", "executable", "words", "match"),
    [
        (["gunicorn: master [shop:api]"], PYTHON, ["gunicorn", "shop:api"], Match.YES),
        (["gunicorn: worker [shop:api]"], PYTHON, ["gunicorn", "shop:api"], Match.YES),
        (["gunicorn: master [shop:api.2]"], PYTHON, ["gunicorn", "shop:api"], Match.YES),
        (["gunicorn: master [shop:api]"], PYTHON, ["shop:api"], Match.YES),
        (["php-fpm: master process (/etc/fpm.conf)"], "/usr/sbin/php-fpm8.2",
         ["php-fpm", "/etc/fpm.conf"], Match.YES),
        (["nginx: master process /usr/sbin/nginx -g daemon off;"], NGINX,
         ["nginx", "-g", "daemon", "off"], Match.YES),
        (["nginx: worker process"], NGINX, ["nginx"], Match.YES),
        (["the front door"], NGINX, ["nginx"], Match.YES),
        (["postgres: checkpointer "], "/usr/lib/postgresql/15/bin/postgres", ["postgres"],
         Match.YES),
        # A title that lacks a word, or calls itself otherwise, leaves it open.
        (["gunicorn: master [api]"], PYTHON, ["gunicorn", "shop:api"], Match.UNKNOWN),
        (["my trading engine"], PYTHON, ["engine.py", "run"], Match.UNKNOWN),
        (["engine"], PYTHON, ["engine.py", "run"], Match.UNKNOWN),
        (["my trading engine"], PYTHON, ["python", "engine.py"], Match.UNKNOWN),
        (["my trading engine"], None, ["engine.py"], Match.UNKNOWN),
        (["nginx: worker process"], NGINX, ["nginx", "-c", "/etc/other.conf"], Match.UNKNOWN),
        ([], PYTHON, ["engine.py"], Match.UNKNOWN),
        # The program file speaks against it, or there is no title at all.
        (["nginx: master process /usr/sbin/nginx"], NGINX, ["uvicorn", "shop:api"], Match.NO),
        (["my trading engine"], PYTHON, ["node", "server.js"], Match.NO),
        (["python", "-m", "http.server"], PYTHON, ["gunicorn", "shop:api"], Match.NO),
        (["uvicorn", "other:app"], PYTHON, ["gunicorn"], Match.UNKNOWN),
        (["/opt/My Shop/serve"], "/opt/My Shop/serve", ["uvicorn"], Match.NO),
        (["/usr/sbin/nginx"], NGINX, ["uvicorn"], Match.NO),
    ],
)  # fmt: skip
def test_what_a_title_tells(
    argv: list[str], executable: str | None, words: list[str], match: Match
) -> None:
    seen = process(*argv, executable=executable)
    assert recognise(seen, words) is match
    assert bool(mismatches(seen, words=words)) is (match is Match.NO)
    assert bool(unreadable(seen, words=words)) is (match is Match.UNKNOWN)


@pytest.mark.parametrize(
    ("argv", "executable", "titled"),
    [
        (["gunicorn: master [shop:api]"], PYTHON, True),
        (["engine"], PYTHON, True),
        (["engine"], f"{PYTHON} (deleted)", True),
        (["python3", "engine.py"], PYTHON, False),
        (["-bash"], "/usr/bin/bash", False),
        (["sh", "run.sh"], "/usr/bin/busybox", False),
        (["/opt/My Shop/serve"], "/opt/My Shop/serve", False),
        ([], PYTHON, False),
    ],
)
def test_what_is_a_title(argv: list[str], executable: str, titled: bool) -> None:
    assert wrote_title(process(*argv, executable=executable)) is titled


@pytest.mark.parametrize(
    ("words", "several"),
    [
        (["python3 -m http.server"], ("python3", "-m", "http.server")),
        (["uvicorn shop:api"], ("uvicorn", "shop:api")),
        (["engine.py run"], ("engine.py", "run")),
        (["engine.py", "--port 8001"], ("engine.py", "--port", "8001")),
        (["engine.py", "run --confirm"], ("engine.py", "run", "--confirm")),
        (["nginx: master process"], ("nginx:", "master", "process")),
        (["python3", "-m", "http.server"], ()),
        (["/opt/My Shop/serve"], ()),
        (["serve", "--title", "Paper trading"], ()),
        (["serve", "--title=Paper trading"], ()),
        (["Google Chrome"], ()),
        ([], ()),
    ],
)
def test_words_that_are_several(words: list[str], several: tuple[str, ...]) -> None:
    assert split_words(words) == several


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["/venv/bin/python", "/venv/bin/uvicorn", "shop:api", "--reload"], "uvicorn's reloader"),
        (["python", "-m", "uvicorn", "shop:api", "--workers", "2"], "uvicorn's master"),
        (["uvicorn", "shop:api", "--workers=3"], "uvicorn's master"),
        (["fastapi", "dev", "main.py"], "fastapi's reloader"),
        (["fastapi", "run", "--workers", "4", "main.py"], "fastapi's master"),
        (["hypercorn", "shop:api"], "hypercorn's master"),
        (["gunicorn: master [shop:api]"], "gunicorn's master"),
        (["nginx: master process /usr/sbin/nginx"], "nginx's master"),
        (["uvicorn", "shop:api"], None),
        (["uvicorn", "shop:api", "--workers", "1"], None),
        (["uvicorn", "shop:api", "--reload-dir", "src"], None),
        (["fastapi", "dev", "--no-reload"], None),
        (["fastapi", "run", "main.py"], None),
        (["hypercorn", "-w", "0", "shop:api"], None),
        (["gunicorn: worker [shop:api]"], None),
        (["python", "server.py", "--reload"], None),
        (["grep", "uvicorn", "--reload"], None),
        ([], None),
    ],
)
def test_who_leaves_serving_to_children(argv: list[str], told: str | None) -> None:
    found = server_parent(argv)
    assert (found.text if found else None) == told
