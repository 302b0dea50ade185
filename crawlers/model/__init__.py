"""The types of a crawl that every package shares, and their form as JSON."""
