"""One part of a packed (ZIP) document, bounded: a file of kilobytes must not unfold to gigabytes.

In: the whole file's bytes. Out: XML trees without entities. Raises ``UnreadDocument`` in words.
"""

import io
import zipfile

from lxml import etree

from processors.tables.document import DocumentLimits, UnreadDocument


class Packed:
    """The parts of one file; the limits count over all parts that are read."""

    def __init__(self, content: bytes, limits: DocumentLimits) -> None:
        self._limits = limits
        self._left = limits.unpacked_bytes
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise UnreadDocument(f"damaged: its parts cannot be listed ({error})") from error

    def names(self) -> list[str]:
        """The parts by name, in file order."""
        return self._zip.namelist()

    def check(self) -> None:
        """Refuse a file whose parts together unfold too far, before another reader opens it."""
        for info in self._zip.infolist():
            self._left -= info.file_size
            self._weigh(info)

    def _weigh(self, info: zipfile.ZipInfo) -> None:
        unfolds = info.file_size > 1 << 20 and info.file_size > self._limits.ratio * max(info.compress_size, 1)
        if unfolds or self._left < 0:
            raise UnreadDocument(
                f"{info.filename}: unfolds from {info.compress_size} to {info.file_size} bytes, "
                "more than any list needs; it was not opened"
            )

    def read(self, name: str) -> bytes | None:
        """The bytes of a part, None where there is none of that name."""
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            return None
        self._weigh(info)
        try:
            with self._zip.open(info) as part:
                # the directory may lie about lengths: what counts is what comes out
                content = part.read(self._left + 1)
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
            raise UnreadDocument(f"{name}: cannot be unpacked ({error})") from error
        except Exception as error:
            if type(error).__name__ != "error":  # zlib.error, lzma's and bz2's own are all called so
                raise
            raise UnreadDocument(f"{name}: cannot be unpacked ({error})") from error
        self._left -= len(content)
        if self._left < 0:
            raise UnreadDocument(f"{name}: unfolds to more than {self._limits.unpacked_bytes} bytes")
        return content

    def xml(self, name: str) -> etree._Element | None:
        """The root of a part, None where there is none of that name."""
        content = self.read(name)
        if content is None:
            return None
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True
        )
        try:
            return etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise UnreadDocument(f"{name}: not well-formed XML ({error})") from error
