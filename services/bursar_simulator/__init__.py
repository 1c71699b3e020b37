"""The simulated provider: both wire formats for real, no model behind them, each answer marked."""
