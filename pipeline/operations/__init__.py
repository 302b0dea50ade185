"""Operating an archive for years: whether it is ready, figures for machines, the message for people, purges."""
