"""Efficiency: who spent what, why, and what it saved; a pure projection of the log."""
