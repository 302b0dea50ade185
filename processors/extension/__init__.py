"""An operator's own parsers: their code as bytes, what they may say of a page, and the import of that code.

Decision 0031. Reading the folder is `crawlers.extensions`, the confined worker `processors.parsing`.
"""
