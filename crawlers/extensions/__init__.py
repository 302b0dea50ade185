"""The folder from which an operator's own code comes."""
