"""The small program that stands over one task's processes and lets none of them outlive it."""
