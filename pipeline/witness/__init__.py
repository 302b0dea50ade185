"""A witness of transparency logs: what it keeps, what it decides, how it is asked."""
