"""Which media are alike: search among fingerprints, the matches judged one by one, and clusters of them."""
