"""Forecasts of demand: cells and every level above them, coherent, as count distributions."""

from models.forecast.model import DemandModel
from models.forecast.panel_forecast import forecast_panel
from models.forecast.rolling_origin import BacktestResult, backtest

__all__ = ["BacktestResult", "DemandModel", "backtest", "forecast_panel"]
