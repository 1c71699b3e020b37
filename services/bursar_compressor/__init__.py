"""The compressor: fewer tokens with the same meaning, and what was taken out restorable."""
