"""What bytes mean: page parsers, outcomes, fingerprints, neighbours, clusters. Pure: no I/O, no clock."""
