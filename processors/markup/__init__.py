"""From bytes to a tree: character encoding, HTML and XML parsing within bounds."""
