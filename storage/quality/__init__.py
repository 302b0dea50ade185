"""Quality scores: what a replay of each browser capture came to, and which captures are to be replayed next."""
