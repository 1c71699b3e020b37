"""Calls to models: what they may take, the request sent, the answer as it streams."""
