"""A news site: start page, feed, sitemaps, robots.txt, articles, and links that must not become articles."""
