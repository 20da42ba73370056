"""MkDocs: pictures from the folder `screenshots` beside this one, at the paths that pages use.

Pages name them as `../screenshots/…`, which is right where the repository is read; on the site they
lie below its root.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

PICTURES = Path(__file__).resolve().parent.parent / "screenshots"


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures to what the site holds."""
    for path in sorted(PICTURES.glob("*.svg")):
        files.append(File.generated(config, f"screenshots/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The paths of pictures as they are on the site."""
    return markdown.replace("](../screenshots/", "](screenshots/")
