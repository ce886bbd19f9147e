"""What planners know and models do not: overrides of forecasts beside the model's numbers, and events to come."""
