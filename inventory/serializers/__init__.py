"""The shapes of the API: what is asked and, for its description, what is told."""
