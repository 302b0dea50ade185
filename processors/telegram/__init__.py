"""Parsers of Telegram: public channel pages in every layout they have had, and exports of the desktop client."""
