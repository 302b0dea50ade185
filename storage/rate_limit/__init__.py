"""The rate limiter that all crawls share through the database, and its tables."""
