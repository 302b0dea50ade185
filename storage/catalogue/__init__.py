"""The catalogue: tables and writes of what was derived from captures, all of which can be made anew."""
