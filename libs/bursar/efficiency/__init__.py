"""The contracts of bursar.efficiency, generated."""
