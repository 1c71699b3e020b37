"""The contracts of events.v1, generated."""
