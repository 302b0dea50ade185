"""How pages are fetched: the watch-list, spiders, the engine, and the recorder between them and the web.

`watchlist` says what is collected, `spiders` what to request next; the `engine` runs one crawl and obeys
robots.txt, page limit and Retry-After, `browser` renders pages for it, `rate_limit` says when a host may be
requested, and every byte passes through the `recorder`, which connects only where `address_policy` allows.
`model` holds the types that all of them share.
"""
