"""The expendable process behind ``processors.documents.sandboxed_reader``: documents in, tables out, by
`processors.sandbox.worker`.

The one argument holds ``DocumentLimits`` as JSON. A file comes with its Content-Type before it: two bytes of
length, big-endian, then the header, then the file.
"""

import json
import sys

from processors.sandbox.worker import serve


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    from processors.documents.readers import read_document, unread
    from processors.documents.sandboxed_reader import HEADER_BYTES
    from processors.tables.document import DocumentLimits, document_to_json

    limits = DocumentLimits(**json.loads(sys.argv[1]))

    def answer(framed: bytes) -> bytes:
        start = HEADER_BYTES + int.from_bytes(framed[:HEADER_BYTES], "big")
        declared_type = framed[HEADER_BYTES:start].decode("utf-8", "replace") or None
        document = read_document(framed[start:], limits, declared_type)
        return document_to_json(document or unread("application/octet-stream", "no kind of document is known"))

    serve(answer, memory_bytes=limits.memory_bytes, seconds=limits.seconds)


if __name__ == "__main__":
    main()
