"""The executor: runs the work a plan asks for, with local tools, models and remote providers."""
