"""WARC files, spool, object store, ledger and catalogue. The only package that knows S3 and SQL."""
