"""The replay as it runs: pywb's own environment, its process, and the gateway before it."""
