"""Questions in SQL over the documented views, and logins of single persons for them (migration 0016)."""
