"""The contracts of compressor.v1, generated."""
