"""The programs that run something else: what stands before it, and the files they take it from.

Plain tables, read by `what_runs`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program whose further words are a command: `timeout -k 5 60 python x.py`.

    `verbs` may or must stand first (`run`); `values` are options that take the next word; `skip`
    counts the words before the command; `own` tells that the command is looked for in the
    wrapper's own environment, not on PATH.
    """

    verbs: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    skip: int = 0
    own: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that reads from files what it runs.

    `names` are those it looks for (the first that is there counts, from the folder upward when
    `upward`), `also` others that it reads beside it, `options` name the file on the command line,
    `folders` the folder. `tables` are the parts of pyproject.toml, `sections` of setup.cfg, that
    say what runs. `recipes`: its file holds command lines, indented below their target.
    """

    names: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    tables: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    recipes: bool = False
    upward: bool = False


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLAIN = Wrapper()
_RUN = Wrapper(_set("run"), _set("-p --python -e --env -C --directory -f --file -n"), own=True)
WRAPPERS: dict[str, Wrapper] = {
    "env": Wrapper(values=_set("-u --unset -C --chdir")),
    "timeout": Wrapper(values=_set("-k --kill-after -s --signal"), skip=1),
    "nice": Wrapper(values=_set("-n --adjustment")),
    "ionice": Wrapper(values=_set("-c --class -n --classdata")),
    "chrt": Wrapper(values=_set("-T -P -D"), skip=1),
    "taskset": Wrapper(skip=1),
    "stdbuf": Wrapper(values=_set("-i -o -e --input --output --error")),
    "time": Wrapper(values=_set("-f --format -o --output")),
    "flock": Wrapper(values=_set("-w --timeout -E --conflict-exit-code"), skip=1),
    "sudo": Wrapper(values=_set("-u -g -h -p -C -T -r -t -U -D --user --group --chdir")),
    "doas": Wrapper(values=_set("-u -C")),
    "runuser": Wrapper(values=_set("-u -g -G")),
    "strace": Wrapper(values=_set("-o -e -s -p -u")),
    "systemd-run": Wrapper(values=_set("-p --property -u --unit --slice --uid --gid -E --setenv")),
    "xvfb-run": Wrapper(values=_set("-n -s -e -f -p -w --server-args --server-num")),
    "xargs": Wrapper(values=_set("-n -P -I -L -d -s -a -E --max-args --max-procs --arg-file")),
    "watch": Wrapper(values=_set("-n --interval -q --equexit")),
    "su": Wrapper(values=_set("-s --shell -g -G -w"), skip=1),
    "script": Wrapper(values=_set("-I -O -B -T -m -E -o"), skip=1),
    "sg": Wrapper(skip=1),
    "wsl": Wrapper(values=_set("-d --distribution -u --user --cd")),
    "direnv": Wrapper(verbs=_set("exec"), skip=1),
    "dotenv": Wrapper(verbs=_set("run"), values=_set("-f --file -e")),
    "bundle": Wrapper(verbs=_set("exec"), own=True),
    "uv": Wrapper(
        _set("run tool"),
        _set(
            "-p --python -w --with --with-editable --with-requirements --extra --group --only-group"
            " --no-group --env-file --project --directory --package --index --index-url -i"
            " --default-index --config-file --cache-dir --color -f --find-links --refresh-package"
            " --from --resolution --prerelease --link-mode --python-platform -P --no-extra"
        ),
        own=True,
    ),
    "uvx": Wrapper(values=_set("-p --python -w --with --from --index --env-file"), own=True),
    "pipx": Wrapper(_set("run"), _set("--spec --python --pip-args"), own=True),
    "npx": Wrapper(values=_set("-p --package -w --workspace"), own=True),
    "conda": Wrapper(_set("run"), _set("-n --name -p --prefix --cwd"), own=True),
    "mamba": Wrapper(_set("run"), _set("-n --name -p --prefix --cwd"), own=True),
    "micromamba": Wrapper(_set("run"), _set("-n --name -p --prefix --cwd"), own=True),
    "hatch": Wrapper(_set("run"), _set("-e --env -p --project"), own=True),
    **dict.fromkeys(("poetry", "pipenv", "pdm", "rye"), _RUN),
    **dict.fromkeys(("bunx", "pnpx"), Wrapper(own=True)),
    **dict.fromkeys(
        (
            *("nohup", "setsid", "busybox", "toybox", "command", "builtin", "exec", "unbuffer"),
            *("chronic", "caffeinate", "catchsegv", "tini", "dumb-init", "winpty", "then", "do"),
            *("else", "elif", "if", "while", "until", "{", "!"),
        ),
        _PLAIN,
    ),
}
"""By the name of the program; words of the shell that a command follows are among them."""

TEXT_OPTIONS = _set("-c --command --call")
TEXT_WRAPPERS = _set("flock npx pnpx bunx script su runuser sg")
"""Those that take a shell's text behind one of `TEXT_OPTIONS`."""

CODE_VARIABLES = _set(
    "BASH_ENV ENV PYTHONSTARTUP PYTHONPATH NODE_OPTIONS PERL5OPT RUBYOPT LD_PRELOAD LD_AUDIT"
    " DYLD_INSERT_LIBRARIES JAVA_TOOL_OPTIONS MAKEFILES MAKEFLAGS LUA_INIT PERL5DB COVERAGE_RCFILE"
)
"""Variables that name files which are run, or settings that do."""

_PROJECT = (
    *("project.scripts", "project.gui-scripts", "project.entry-points", "project.dependencies"),
    *("project.optional-dependencies", "dependency-groups", "build-system"),
)
_NPM = Tool(
    ("package.json",),
    (".npmrc", ".yarnrc", ".yarnrc.yml"),
    folders=_set("--prefix -C --cwd --dir"),
    upward=True,
)
TOOLS: dict[str, Tool] = {
    "make": Tool(
        ("GNUmakefile", "makefile", "Makefile"),
        options=_set("-f --file --makefile"),
        folders=_set("-C --directory"),
        recipes=True,
    ),
    "just": Tool(
        ("justfile", "Justfile", ".justfile", "JUSTFILE"),
        options=_set("-f --justfile"),
        folders=_set("-d --working-directory"),
        recipes=True,
        upward=True,
    ),
    "tox": Tool(
        ("tox.ini", "tox.toml"),
        options=_set("-c --conf"),
        folders=_set("--root"),
        tables=("tool.tox",),
        sections=("tox", "testenv"),
        recipes=True,
        upward=True,
    ),
    "nox": Tool(("noxfile.py",), options=_set("-f --noxfile")),
    "pytest": Tool(
        ("pytest.ini", ".pytest.ini", "tox.ini", "pytest.toml"),
        ("conftest.py",),
        options=_set("-c --config-file"),
        tables=("tool.pytest",),
        sections=("tool:pytest",),
    ),
    "uv": Tool(
        ("uv.toml",),
        options=_set("--env-file --config-file --with-requirements"),
        folders=_set("--project --directory"),
        tables=("tool.uv", *_PROJECT),
        upward=True,
    ),
    "poetry": Tool(
        ("poetry.toml",),
        folders=_set("-C --directory -P --project"),
        tables=("tool.poetry", *_PROJECT),
        upward=True,
    ),
    "pdm": Tool(tables=("tool.pdm", *_PROJECT), upward=True),
    "hatch": Tool(("hatch.toml",), tables=("tool.hatch", *_PROJECT), upward=True),
    "rye": Tool(tables=("tool.rye", *_PROJECT), upward=True),
    "pipenv": Tool(("Pipfile",), (".env",), upward=True),
    "poe": Tool(tables=("tool.poe",), upward=True),
    "invoke": Tool(("tasks.py", "tasks/__init__.py"), ("invoke.yaml",), upward=True),
    "fab": Tool(("fabfile.py", "fabfile/__init__.py"), upward=True),
    "doit": Tool(("dodo.py",), options=_set("-f --file")),
    "rake": Tool(("Rakefile", "rakefile", "Rakefile.rb"), options=_set("-f"), upward=True),
    "task": Tool(
        ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml"),
        options=_set("-t --taskfile"),
        upward=True,
    ),
    "ninja": Tool(("build.ninja",), options=_set("-f"), folders=_set("-C")),
    "snakemake": Tool(("Snakefile", "workflow/Snakefile"), options=_set("-s --snakefile")),
    "deno": Tool(("deno.json", "deno.jsonc"), options=_set("-c --config"), upward=True),
    "pre-commit": Tool((".pre-commit-config.yaml",), options=_set("-c --config")),
    "docker-compose": Tool(
        ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"),
        options=_set("-f --file"),
        upward=True,
    ),
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun", "npx", "pnpx", "bunx"), _NPM),
}
TOOL_NAMES = {"gmake": "make", "py.test": "pytest", "inv": "invoke", "go-task": "task"}
_NODE = _set(
    "-r --require --import --loader --experimental-loader -C --conditions --env-file --title"
    " --preload --config -c --cwd --import-map --lock -L --log-level"
)
VALUE_OPTIONS: dict[str, frozenset[str]] = {
    "ruby": _set("-r -C -E -I"),
    "php": _set("-d -c -z -t -S"),
    "perl": _set("-I"),
    "lua": _set("-l"),
    "julia": _set("-L --load -p -C -J --sysimage -t --threads -H --home"),
    **dict.fromkeys(("node", "nodejs", "bun"), _NODE),
    "deno": _NODE,
}
"""By interpreter, the options that take the next word; a file there is read like a script."""
CODE_OPTIONS: dict[str, frozenset[str]] = {
    "php": _set("-r -B -R -E --run"),
    "julia": _set("-e -E --eval --print"),
    "bun": _set("-e --eval -p --print"),
    "deno": _set("eval"),
}
"""By interpreter, the options whose next word is the program itself, where they differ."""
FILE_OPTIONS: dict[str, frozenset[str]] = {"php": _set("-f -F --file")}
"""By interpreter, the options whose next word is the script."""
SCRIPT_OPTIONS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _set("-f --file -E --exec -i --include")),
    **dict.fromkeys(("sed", "gsed"), _set("-f --file")),
    **dict.fromkeys(("jq", "gojq", "jaq"), _set("-f --from-file")),
    **dict.fromkeys(("psql", "duckdb"), _set("-f --file -init")),
    "sqlite3": _set("-init"),
    "locust": _set("-f --locustfile"),
}
"""Programs whose own program is literal, or stands in the file after one of these options."""
LAUNCHERS = _set(
    "coverage cprofile profile debugpy pdb trace runpy memray kernprof scalene viztracer py-spy"
    " ipython jupyter papermill streamlit tclsh wish expect osascript guile racket sbcl clisp"
    " runghc runhaskell ocaml scala groovy kotlin swift elixir escript octave octave-cli matlab"
    " luajit ts-node tsx gnuplot bc dc r torchrun accelerate k6 newman robot behave m4 raku"
    " source . go-run pwsh-preview nu xonsh elvish osh rc es tcsh csh yash mksh"
)
"""Programs whose first file is their program, whatever its suffix."""
APP_SERVERS = _set("uvicorn gunicorn hypercorn daphne granian waitress-serve flask fastapi celery")
"""Programs that import the module they are given, as `app.main:app`."""
