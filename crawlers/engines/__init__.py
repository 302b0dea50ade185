"""The process that runs one crawl over plain HTTP (Scrapy) or in a browser (Playwright), and its messages."""
