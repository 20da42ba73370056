"""What is found in a folder: for `cockpit init` and for a screen without a config."""
