"""The index of captures for data people: rows in Common Crawl's columnar layout, as Parquet files."""
