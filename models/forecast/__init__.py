"""Forecasts of demand: cells and every level above them, coherent, as count distributions."""

from models.forecast.backtest import BacktestResult, backtest
from models.forecast.cadence import ForecastConfig
from models.forecast.model import DemandModel
from models.forecast.panel_forecast import forecast_panel

__all__ = ["BacktestResult", "DemandModel", "ForecastConfig", "backtest", "forecast_panel"]
