"""The expendable process behind `processors.formats.file_format`: a file in, formats out.

The one argument holds ``memory_bytes``, ``seconds`` and the number of the open ``file`` with the content, as JSON.
The answer: ``matches`` as Siegfried has them, ``signatures`` and a ``problem`` or null.
"""

import json
import sys
from typing import Final

from processors.sandbox.worker import serve

UNKNOWN: Final = "UNKNOWN"


def main() -> None:
    """Serve until standard input ends; the library is loaded here: nothing else of this module needs it."""
    import pygfried

    parameters = json.loads(sys.argv[1])
    # the open file has no name, and so no ending that could speak for a format
    path = f"/proc/self/fd/{parameters['file']}"
    scanner = pygfried.Scanner()

    def answer(_: bytes) -> bytes:
        found = scanner.identify(path, detailed=True)
        (file,) = found["files"]
        return json.dumps(
            {
                "matches": [each for each in file["matches"] if each["id"] != UNKNOWN],
                "signatures": "; ".join(each["details"] for each in found["identifiers"]),
                "problem": file["errors"] or None,
            }
        ).encode()

    serve(answer, memory_bytes=parameters["memory_bytes"], seconds=parameters["seconds"])


if __name__ == "__main__":
    main()
