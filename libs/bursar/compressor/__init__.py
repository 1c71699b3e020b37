"""The contracts of bursar.compressor, generated."""
