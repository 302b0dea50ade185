"""What a crawl is told of earlier ones: known URLs, known payloads, cached feeds."""
