"""Forecasts of demand: cells and every level above them, coherent, as count distributions."""

from models.forecast.backtest import BacktestResult, backtest
from models.forecast.model import DemandModel
from models.forecast.panel_forecast import forecast_panel

__all__ = ["BacktestResult", "DemandModel", "backtest", "forecast_panel"]
