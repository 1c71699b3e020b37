"""The contracts of ledger.v1, generated."""
