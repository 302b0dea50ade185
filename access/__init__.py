"""The web UI of analysts: search, captures, replay, export. Writes nothing but entries of custody.

`routes` holds what is served under which path, `views` what the answers say, `rendering` how they are written.
"""
