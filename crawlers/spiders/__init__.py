"""The spiders: one per kind of source; each says what to ask for next and nothing of how it is fetched."""
