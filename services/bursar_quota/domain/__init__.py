"""The rules of money, pure: what a command causes, and what an event means.

Values are `msgspec.Struct`, frozen: as immutable as a frozen dataclass and made several times
faster, which counts where six are made for each call. Those that a state is made of are written as
arrays, so that a dump of it stays small. See docs/decisions/state-of-money.md.
"""
