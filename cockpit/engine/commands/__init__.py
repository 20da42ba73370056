"""What the commands of a screen do, one subject a module; each leaves its trace."""
