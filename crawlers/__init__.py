"""How to get things: watch-list, spiders, browser, and the recorder that stands between them and the web.

- what to get: `watchlist` with `watchlist_entries` and `yaml_places`, `source`, `scope`, `robots`,
  `addresses`.
- what passes on: `capture` and `capture_json`, `visits`, `orders`.
- one crawl's engine: `engine` runs the `spiders` over `http_engine` (`downloads`, `settings`) or `browser`
  (`chromium`, `tab`), with what they share: `means`, `fetch`, `answers`, `itinerary`.
- the `recorder`: every byte goes through it.
- when to ask: `pace`, `turns`, `pace_line`.
"""
