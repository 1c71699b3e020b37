"""Policy `learned-v1`: what outcomes taught. Pure: the same events give the same state, bit for
bit.
"""
