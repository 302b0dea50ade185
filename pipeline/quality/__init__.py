"""Whether a crawl brought what its source should bring: the rules of expected yield, and their use."""
