"""Tickets pushed by another system: landed as a file in the watched folder, from where ingestion takes them."""
