"""The wheel of this checkout, and an environment it is installed into."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the cockpit in it."""

    folder: Path

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    @property
    def site(self) -> Path:
        """Where its own packages are."""
        words = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", vars=words))


def run_python(python: str | Path, *words: str | Path) -> None:
    """Run a Python in the checkout; fails with what it said."""
    argv = [str(python), *map(str, words)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run_python(sys.executable, "-c", BUILD, folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new environment that sees the system's packages behind its own.

    Among those is a module named `cockpit`, as distributions ship one for their web console. What
    ours depends on, pip included, comes from the test environment: nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("installed")
    made = Installed(folder / "venv")
    venv.create(made.folder, with_pip=False)
    system = folder / "dist-packages"
    (system / "cockpit").mkdir(parents=True)
    (system / "cockpit" / "__init__.py").write_text("raise SystemExit('the web console')")
    behind = (system, sysconfig.get_path("purelib"))
    (made.site / "behind.pth").write_text("\n".join(map(str, behind)), encoding="utf-8")
    # The test environment's own installation is seen, too, and left alone.
    options = ("--ignore-installed", "--no-deps", "--no-index", "--no-compile", "-q")
    run_python(made.python, "-m", "pip", "--disable-pip-version-check", "install", *options, wheel)
    return made
