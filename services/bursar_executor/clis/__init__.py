"""Coding CLIs of others, run unmodified and headless: one file each, behind one interface."""
