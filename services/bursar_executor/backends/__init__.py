"""What can do work here, each behind one interface: local tools, parsers, models."""
