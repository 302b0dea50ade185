"""The web UI of analysts: search, captures, changes, similar media, export as CSV and JSON.

It writes the access log and verdicts of analysts, which regroup media in the catalogue, and nothing else.

`routes` holds what is served under which path, `views` what the answers say, `rendering` how they are written.
"""
