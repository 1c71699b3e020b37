"""The embedded demonstration model: a real language model in a child process of its own."""
