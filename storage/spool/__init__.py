"""The spool: the WARC files of a running crawl, their lock, their index cache, and recovery after a crash."""
