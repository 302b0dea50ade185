"""The use cases in order, and the only place where real things are plugged together."""
