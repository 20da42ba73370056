"""The heartbeat probe: is the engine that keeps a file fresh alive, alone and the one meant."""
