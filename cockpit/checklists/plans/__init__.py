"""Plans: dependencies, what can start, critical path, requirements, cycle times. Pure."""
