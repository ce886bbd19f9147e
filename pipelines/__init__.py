"""The order of things: ingest, train, forecast, detect, backtest, replay, schedule; MLflow; the command line."""
