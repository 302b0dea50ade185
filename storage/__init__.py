"""WARC files, spool, object store, ledger and catalogue. The only package that knows S3 and SQL.

A capture is written into `warc` files of the `spool`, becomes evidence in `deposit`, lies in `objects` and stands
in the `ledger` of custody; `catalogue`, `similarity` and `queries` are what is derived from it, `integrity` checks
and restores it. `crawl_state` and `rate_limit` are what crawls share.
"""
