"""督办: what is late, dismissed again and again or unanswered across departments; orders with a due date; the list."""
