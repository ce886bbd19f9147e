"""Tables in, tables out: forecasters, hotspot detectors, intervals, reconciliation, metrics. No input or output."""
