"""Browser captures replayed and compared with what was seen: each gets a quality score."""
