"""The sample list of wanted persons: cards over two pages."""
