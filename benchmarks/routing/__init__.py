"""What the planner's choices are measured on: outcomes of real models, and traces of real calls."""
