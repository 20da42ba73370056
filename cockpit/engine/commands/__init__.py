"""What the commands of a screen do, one subject a module; each leaves its trace."""

from cockpit.engine.commands.dispatcher import CommandDispatcher

__all__ = ["CommandDispatcher"]
