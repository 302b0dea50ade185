"""WARC, ARC and WACZ files: records written, members and records of any tool read, index rows made."""
