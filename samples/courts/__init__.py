"""Two court lists: one HTML table in windows-1251 as on Russian court sites, one list in pages in Belarusian."""
