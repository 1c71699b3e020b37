"""How often a semantic cache answers, how often wrongly, and how fast."""
