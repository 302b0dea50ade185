"""The ledger: the chain of custody entries, and the logs of requests, access and analysts' verdicts."""
