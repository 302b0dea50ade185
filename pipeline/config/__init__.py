"""Settings: read from the environment and a file, checked, and made into an opened archive."""
