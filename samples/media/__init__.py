"""The media of the sample sites, made at run time from seeds: the same bytes in every run."""
