"""Tokens of texts and whole chat requests: exact where a vocabulary is public, else a marked
estimate.

Nothing is loaded by importing this: `texts` and `chats` load a vocabulary when they first count.
"""
