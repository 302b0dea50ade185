"""Words of a text, their language and their stems: what a search index keeps and what a question asks for.

Pure functions over text, without clock, files or network. `tokens` gives words with their places, `detection`
the language, `stems` one stem for all forms of a word (Snowball's algorithms where there is one, our own light
stemmers for Belarusian and Ukrainian).
"""
