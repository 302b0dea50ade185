"""Receipts: what the archive states, signed, to whoever requested a capture or received a package."""
