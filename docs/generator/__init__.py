"""Builds the documentation site: the reference pages from the code, and the texts that stand above this folder."""
