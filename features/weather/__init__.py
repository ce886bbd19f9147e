"""Weather drivers, as known at a moment.

read_weather(path, timezone=...)                      a CSV of observations and forecasts
weather_for(settings)                                 the file of an installation
weather_frame(observations, as_of=..., start, end)    one row per day: observed, forecast by then, or climatology
"""

from features.errors import WeatherError
from features.weather.observations import MEASURES, read_weather, validate_weather, weather_for, weather_frame

__all__ = ["MEASURES", "WeatherError", "read_weather", "validate_weather", "weather_for", "weather_frame"]
