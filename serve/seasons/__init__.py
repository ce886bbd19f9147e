"""民情月历 for people: what returns when, with the day to act by, on pages, in reports and as a calendar file."""
