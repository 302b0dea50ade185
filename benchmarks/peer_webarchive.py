"""Run in the peer's own environment: the same list of pages with scrapy-webarchive, prints its cost as JSON.

usage: python peer_webarchive.py ORDERS, as in ``crawling``. The WACZ is made at the spider's end and counts.
"""

import json
import resource
import sys
import time

import scrapy
from scrapy import signals
from scrapy.crawler import CrawlerProcess

orders = json.loads(sys.argv[1])


def used():  # type: ignore[no-untyped-def] # runs in another environment
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Listed(scrapy.Spider):
    name = "listed"
    pages = 0

    def start_requests(self):  # type: ignore[no-untyped-def] # as above
        for number in range(orders["pages"]):
            yield scrapy.Request(f"{orders['base']}/p{number}.html", dont_filter=True)

    def parse(self, response):  # type: ignore[no-untyped-def] # as above
        assert response.status == 200 and len(response.body) > 1000
        self.pages += 1


process = CrawlerProcess(
    {
        "EXTENSIONS": {"scrapy_webarchive.extensions.WaczExporter": 543},
        "SW_EXPORT_URI": orders["folder"] + "/",
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
        "LOG_LEVEL": "WARNING",
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    }
)
crawler = process.create_crawler(Listed)
marks = {}


def opened(spider):  # type: ignore[no-untyped-def] # as above
    marks.update(cpu=used(), wall=time.perf_counter())


crawler.signals.connect(opened, signals.spider_opened)
process.crawl(crawler)
process.start()
cost = {"cpu_s": used() - marks["cpu"], "wall_s": time.perf_counter() - marks["wall"], "units": orders["pages"]}
print(json.dumps({**cost, "facts": {}}))
