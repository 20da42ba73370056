"""Run the fuzz targets: `python -m tests.fuzz --minutes 60 [TARGET …]`.

One process; each target gets an equal part of the time. Prints a table, and each failure with the
input that shows it; exits with 1 when there is one. With `--atheris` one target is driven by the
coverage that atheris measures, where that is installed, and until it is ended.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.targets import TARGETS, Target

BATCH = 500
PLAIN = settings(
    max_examples=BATCH, deadline=None, database=None, print_blob=True,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.target, Phase.shrink],
)  # fmt: skip


class Run:
    """One target under way, and what came of it. Times are in seconds."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.examples = 0
        self.slowest = 0.0
        self.spent = 0.0
        self.failures: list[str] = []

    def check(self, drawn: Any) -> None:
        started = time.perf_counter()
        try:
            self.target.check(drawn)
        finally:
            self.slowest = max(self.slowest, time.perf_counter() - started)
            self.examples += 1

    def go(self, seconds: float, randomness: random.Random) -> None:
        started = time.perf_counter()
        while (spent := time.perf_counter() - started) < seconds and len(self.failures) < 3:
            batch = seed(randomness.getrandbits(64))(PLAIN(given(self.target.inputs)(self.check)))
            try:
                batch()
            except Exception:  # noqa: BLE001 - whatever it is, it is the find
                self.failures.append(traceback.format_exc())
        self.spent = spent

    def row(self) -> str:
        rate = self.examples / self.spent if self.spent else 0.0
        figures = f"{self.examples:>10,} {rate:>11,.0f} {self.slowest * 1000:>9.0f} ms"
        return f"{self.target.name:<16} {figures} {len(self.failures):>9}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *(each.name for each in TARGETS)])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--atheris", action="store_true")
    asked = parser.parse_args()
    chosen = [each for each in TARGETS if not asked.targets or each.name in asked.targets]
    if asked.atheris:
        return _with_atheris(chosen[0])
    randomness = random.Random(asked.seed)
    print(f"{'target':<16} {'examples':>10} {'examples/s':>11} {'slowest':>12} {'failures':>9}")
    runs = [Run(target) for target in chosen]
    for run in runs:
        run.go(asked.minutes * 60 / len(runs), randomness)
        print(run.row(), flush=True)
    for run in runs:
        for failure in run.failures:
            print(f"\n{run.target.name}\n{failure}")
    return int(any(run.failures for run in runs))


def _with_atheris(target: Target) -> int:
    import atheris

    wrapped = PLAIN(given(target.inputs)(target.check))
    atheris.Setup(sys.argv[:1], atheris.instrument_func(wrapped.hypothesis.fuzz_one_input))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
