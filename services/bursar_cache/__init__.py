"""The cache: never pays twice for the same answer, and never gives the wrong one."""
