"""The validation report of a release: what its own tests and measurements came to, nothing else."""
