"""The contracts of planner.v1, generated."""
