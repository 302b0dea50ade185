"""Official registers and notices among the sample sites."""
