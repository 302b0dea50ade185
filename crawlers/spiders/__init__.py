"""The spiders, one for each kind of source: `scrapy.Spider`s that yield requests, records and outcomes."""
