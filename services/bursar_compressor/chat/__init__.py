"""Conversations: what stood in an earlier message is not sent again."""
