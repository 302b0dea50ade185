"""The expendable process behind ``processors.parsing.confined_extensions``: it runs one extension's parsers.

The one argument holds ``PageLimits`` as JSON. The first frame is ``C``, the extension's name, a zero byte and its
archive, and is answered with ``=``. Then ``F`` and a class asks for what it declares; ``R``, a class, a zero byte
and a page as `page_frame` writes it for what it makes of the page. Answers are those of `parser_worker`. The
kernel's rules (`processors.sandbox.kernel_rules`) hold before the first frame is read.
"""

import json
import sys

from processors.sandbox.worker import serve


def main() -> None:
    """Serve until standard input ends."""
    from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault, parse_reference
    from processors.extension.loading import load_class, place_in_extension
    from processors.extension.reading import ExtensionParser, ExtensionReading
    from processors.parsing.limits import PageLimits
    from processors.parsing.page_frame import unframed
    from processors.parsing.result_json import from_json, to_json
    from processors.sandbox.kernel_rules import confine, program_folders

    limits = PageLimits(**json.loads(sys.argv[1]))
    loaded: list[ExtensionCode] = []
    parsers: dict[ClassReference, ExtensionParser] = {}

    def parser(text: bytes) -> ExtensionParser:
        reference = parse_reference(text.decode())
        if reference not in parsers:
            parsers[reference] = ExtensionParser(reference, load_class(reference, loaded[0]))
        return parsers[reference]

    def done(frame: bytes) -> bytes:
        task, rest = frame[:1], frame[1:]
        first, _, content = rest.partition(b"\0")
        match task:
            case b"C":
                loaded[:] = [ExtensionCode(first.decode(), content)]
                return b""
            case b"F":
                return to_json(parser(rest).facts)
        given = to_json(parser(first).read(unframed(content).page))
        try:
            from_json(given, ExtensionReading)
        except (TypeError, ValueError) as wrong:  # a field of a record holds what its type does not allow
            raise ValueError(f"a record is not of its type: {wrong}") from wrong
        return given

    def answer(frame: bytes) -> bytes:
        try:
            return b"=" + done(frame)
        except MemoryError:
            return b"!" + json.dumps([True, ""]).encode()
        except ExtensionFault as fault:
            return b"!" + json.dumps([False, str(fault)[:500]]).encode()
        except (Exception, SystemExit) as error:  # somebody else's parser may raise anything
            sentence = f"{type(error).__name__}: {error}"[:500] + place_in_extension(error)
            return b"!" + json.dumps([False, sentence]).encode()

    serve(
        answer,
        memory_bytes=limits.memory_bytes,
        seconds=lambda frame: limits.seconds_for(len(frame)),
        confine_more=lambda: confine(program_folders()),
    )


if __name__ == "__main__":
    main()
