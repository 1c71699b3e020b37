"""Answers to questions that mean the same, found by meaning and vetoed by form."""
