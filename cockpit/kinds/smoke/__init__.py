"""The smoke probe: requests to an API and what their replies are worth."""
