"""Parsers of court schedules: hearings out of tables, cards, text blocks and JSON."""
