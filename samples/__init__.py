"""Sample sites with invented content, served over HTTPS under their own authority, for demo and tests."""
