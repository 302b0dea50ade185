"""How to get things: watch-list, spiders, browser, and the recorder that stands between them and the web."""
