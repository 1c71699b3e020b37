"""A task from its submission to its end: planned, looked up, compressed, reserved, executed,
settled.
"""
