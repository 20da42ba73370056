"""What the commands of a screen do, one subject a module; each leaves its trace."""

from cockpit.engine.commands.dispatcher import Actor

__all__ = ["Actor"]
