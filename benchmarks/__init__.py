"""Measures on real data; each prints what it measured."""
