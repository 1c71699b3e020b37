"""`Generate`: one model call for callers in any language."""
