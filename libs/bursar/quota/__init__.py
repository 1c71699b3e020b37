"""The contracts of bursar.quota, generated."""
