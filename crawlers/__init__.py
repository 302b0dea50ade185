"""How pages are fetched: the watch-list, spiders, engines, and the recorder between them and the web.

`watchlist` says what is collected, `spiders` what to request next, `engines` run one crawl, `rate_limit` says when
a host may be asked, and every byte passes through the `recorder`. `model` holds the types that all of them share.
"""
