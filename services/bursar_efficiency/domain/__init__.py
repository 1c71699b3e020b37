"""What events add up to, and what the same work would have cost without Bursar; pure."""
