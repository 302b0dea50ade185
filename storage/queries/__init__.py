"""The questions of the web UI and the commands, each one query of the catalogue."""
