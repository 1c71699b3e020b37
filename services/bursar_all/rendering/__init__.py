"""What people and programs see of Bursar in a terminal."""
