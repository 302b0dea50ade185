"""Covers what a copy of evidence must not show: regions of pictures and pages, stretches of sound, words."""
