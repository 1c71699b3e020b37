"""Prose made shorter: the sentences that a query is about, or that say something new."""
