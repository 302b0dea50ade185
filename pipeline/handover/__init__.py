"""Evidence leaves the house: what is chosen for a recipient, the package that is built of it, and its report."""
