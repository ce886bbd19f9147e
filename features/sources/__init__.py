"""Sources of tickets: files, databases, Open311 and Socrata, and rows that are handed in."""
