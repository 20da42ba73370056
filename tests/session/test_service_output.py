"""A collecting session keeps the outputs of what was started within their size."""

from __future__ import annotations

from pathlib import Path

from sessions import started
from support import Listening, until, write_config

from cockpit.evidence.reader import Reader


def test_an_output_that_grew_while_nobody_watched_is_cut_and_counted(tmp_path: Path) -> None:
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        config.write_text(f"[cockpit]\nstore_max_mb = 8\n{config.read_text()}", encoding="utf-8")
        output = tmp_path / ".cockpit" / "output" / "backend.log"
        output.parent.mkdir(parents=True)
        output.write_bytes(b"line\n" * 600_000)
        with started(config) as made:
            until(lambda: 0 < output.stat().st_size < 2_000_000)  # cut in place: empty first
            assert output.read_bytes().endswith(b"line\n" * 1000)
            until(lambda: made.feed.snapshot().watch.used >= output.stat().st_size)
            with Reader(tmp_path / ".cockpit" / "evidence.db") as reader:
                used = reader.used()
                assert used > output.stat().st_size
                output.write_bytes(b"")
                assert reader.used() < used
