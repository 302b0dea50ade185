"""The queue of addresses that people wait for: which process works on which, and until when it may."""
