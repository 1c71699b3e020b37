"""The contracts of bursar.planner, generated."""
