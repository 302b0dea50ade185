"""What outlives the machine besides the store: a backup of keys and settings, and the recovery from it."""
