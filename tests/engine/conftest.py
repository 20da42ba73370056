"""Fixtures of this folder."""

from __future__ import annotations

from engine.operators import ended, port, serve

__all__ = ["ended", "port", "serve"]
