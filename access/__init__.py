"""The analysts' door: search, captures, replay, export. Writes nothing but ledger entries."""
