"""The commands of a screen, one subject a module; each is recorded in the evidence."""

from cockpit.engine.commands.dispatcher import CommandDispatcher

__all__ = ["CommandDispatcher"]
