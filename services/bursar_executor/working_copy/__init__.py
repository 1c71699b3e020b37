"""Work on a copy: chosen files go in, changes come out as a diff, and go back only when agreed."""
