"""Source code made shorter by its syntax tree: comments out, bodies left out."""
