"""The search index: derived from the catalogue, one folder for each host, made anew at will (decision 0036)."""
