"""The commands of a screen, one subject a module; each is recorded in the evidence."""
