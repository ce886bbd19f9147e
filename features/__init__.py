"""Tickets in, tables out: lake, sources, masking, taxonomy, panel, calendar, weather, text."""
