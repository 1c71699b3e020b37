"""The planner: how little a task needs, and who can do it, before anything is spent."""
