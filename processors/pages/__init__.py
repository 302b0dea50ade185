"""Page objects: the bytes of a page in, its outcome, records and links out."""
