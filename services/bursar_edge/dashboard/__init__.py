"""The dashboard: pages at `/`, and what they ask of the services."""
