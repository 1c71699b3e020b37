"""Local tools: what they can do, whether they are here, how they are called, what their words
mean.
"""
