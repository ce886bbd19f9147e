"""What the templates show, computed from the store and the lake: one module per page, no HTML in here."""
