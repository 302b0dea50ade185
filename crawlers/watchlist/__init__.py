"""The watch-list: its file, its schema, and a source as everything else knows it."""
