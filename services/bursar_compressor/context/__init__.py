"""Contexts by their content: kept once, told once, then named or told by what changed."""
