"""From sealed WARC files to rows of the catalogue: each capture read, its records and fingerprints kept."""
