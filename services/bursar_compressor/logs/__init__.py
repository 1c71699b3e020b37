"""Logs, tool and test output: coded without loss, and shortened to what matters in them."""
