"""Parser of registers: lists of people or organisations that a body publishes."""
