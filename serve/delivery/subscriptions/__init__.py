"""Who hears of what, by which channel; and what became of every message."""
