"""Signs what all streams hold, with a key that no writer has."""
