"""Which services stand in a process, in what order they rise, and how they reach each other."""
