"""The engine of a crawl: Scrapy, set so that every request passes the recorder and every outcome is accounted for.

`settings` names the components; each has the place and the name that a Scrapy developer expects: a download
handler, downloader middlewares (robots.txt, retries, redirects), a scheduler and a spider middleware.
"""
