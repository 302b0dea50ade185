"""From a plan to an archive: crawls of a night or on demand, their deposit, and what custody says of them."""
