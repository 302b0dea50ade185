"""Redacted copies of evidence: how one is made and kept, and what a package shows in place of what is covered."""
