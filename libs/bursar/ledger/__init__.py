"""The contracts of bursar.ledger, generated."""
