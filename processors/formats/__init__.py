"""Which format the bytes of a file have, by the registry PRONOM of the National Archives (United Kingdom)."""
