"""All services in one place: the `bursar` command, and `bursar_all.embedded.Bursar`."""
