"""All services in one place: the `bursar` command and the embedded instance."""
