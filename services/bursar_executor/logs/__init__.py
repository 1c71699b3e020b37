"""Mechanical reading of test logs: which tests failed, where, why. No model is asked."""
