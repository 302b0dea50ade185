"""Logged-in profiles of browsers: made by a person, kept sealed outside the archive, lent to crawls."""
