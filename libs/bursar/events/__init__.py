"""The contracts of bursar.events, generated."""
