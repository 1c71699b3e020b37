"""What may be answered by meaning, and what looks alike but means something else. Pure."""
