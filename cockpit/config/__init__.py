"""`cockpit.toml`: reading, checking and showing it; consent to run its commands."""
