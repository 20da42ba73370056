"""What the commands of a screen do, one subject a module; each leaves its trace."""

from cockpit.engine.acts.actor import Actor

__all__ = ["Actor"]
