"""What is true of any page: its outcome, metadata, language, dates, links, feeds and sitemaps."""
