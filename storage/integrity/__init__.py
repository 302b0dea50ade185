"""Whether everything matches custody: verification, audits, renewed retention, restoring from the store alone."""
