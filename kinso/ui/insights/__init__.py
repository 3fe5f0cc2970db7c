"""Charts and the figures behind them."""
