"""Search by the index, by PostgreSQL alone and by SQLite FTS5 over the same invented records."""
