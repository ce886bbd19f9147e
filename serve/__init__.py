"""What the outside reads: store, alert life cycle, delivery, API, dashboard, reports."""
