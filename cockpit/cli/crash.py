"""A fault of the program itself: one line for whoever called, the traceback in a file."""

from __future__ import annotations

import os
import traceback

from cockpit.text import sanitize

FILE_NAME = "last-crash.txt"


def told(error: Exception) -> str:
    """One line about `error`; its traceback replaces the last one in the user's state folder."""
    from cockpit import __version__
    from cockpit.config.paths import state_folder
    from cockpit.redaction import Redactor, environment_secrets

    redactor = Redactor(environment_secrets(os.environ))
    what = sanitize(redactor.text(f"{type(error).__name__}: {error}"), limit=300)
    path = state_folder() / FILE_NAME
    text = redactor.text(f"cockpit {__version__}\n{''.join(traceback.format_exception(error))}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as trouble:
        where = f"the traceback could not be kept: {trouble.strerror or trouble}"
    else:
        where = f"traceback in {path}"
    return f"cockpit: a fault of its own, {what}; {where}"
