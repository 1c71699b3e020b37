"""Bursar for callers in Python: by address, or embedded (`bursar_all.Bursar.embedded`)."""

from bursar.client.client import Client
from bursar.client.results import Answer, Spending, TaskOutcome

__all__ = ["Answer", "Client", "Spending", "TaskOutcome"]
