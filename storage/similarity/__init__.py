"""Fingerprints kept and compared: files of hashes, the index over them, links and groups of media."""
