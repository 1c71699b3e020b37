"""Supervised subprocesses: no shell, bounded in every way, and nothing of them stays behind."""
