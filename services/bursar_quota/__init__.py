"""Quota: decides, before a token is spent, whether it may be, and keeps the ledger of what was."""
