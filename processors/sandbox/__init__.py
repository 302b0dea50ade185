"""Worker processes for content of strangers: limited in memory, time, files and environment."""
