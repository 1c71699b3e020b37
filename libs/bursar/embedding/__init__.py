"""Texts as vectors, computed on this machine by a model that is shipped with Bursar."""
