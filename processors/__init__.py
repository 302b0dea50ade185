"""What bytes mean. Reads no file, opens no connection; whatever is read of a stranger is bounded.

One folder per kind of source holds its parsers: `court_list`, `news`, `notice`, `register`, `telegram`. They stand
on `pages`, `tables` and `markup`; `parsing` chooses among them and runs them in a sandbox. `media`, `fingerprints`
and `similarity` are for pictures and video, `documents` and `pdf` for documents.
"""
