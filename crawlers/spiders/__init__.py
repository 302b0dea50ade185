"""Spiders: each asks page objects what is on the page and yields requests."""
