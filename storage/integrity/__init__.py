"""Whether all is as custody says: verification, audits, renewed retention, and restoring from the store alone."""
