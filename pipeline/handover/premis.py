"""What happened to the files of a package, as PREMIS 3.0: ``data/records/premis.xml``.

In: exhibits as the tables have them, proofs of custody. Out: XML bytes. Events are those that the proofs show,
with the software that acted as their agent; of people nothing is said. Source: PREMIS Data Dictionary 3.0 and its
schema (Library of Congress); event types by the vocabulary id.loc.gov/vocabulary/preservation/eventType (read
2026-11).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from lxml import etree

from crawlers.model.iso_time import time_text
from pipeline.handover.exhibit_wacz import WACZ_VERSION
from pipeline.handover.load_file import LoadedExhibit
from pipeline.handover.plain_json import iso_seconds
from pipeline.handover.selection import FrozenSelection
from processors.digest import Digest
from processors.formats.file_format import FileFormat
from storage.ledger.entry import CustodyEntry
from storage.ledger.file_custody import files_in_custody
from storage.log.custody_proof import CustodyProof
from storage.objects.keys import custody_key

PREMIS: Final = "http://www.loc.gov/premis/v3"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
EVENT_TYPES: Final = {
    "collection_started": "capture",
    "collection_ended": "capture",
    "deposited": "ingestion",
    "copied": "replication",
    "purged": "modification",
    "purge_removed": "deletion",
    "file_received": "accession",
    "redacted": "redaction",
    "timestamped": "digital signature generation",
}
_WACZ: Final = FileFormat("fmt/1840", "WACZ", WACZ_VERSION, "application/wacz", "written by us")
_WARC: Final = FileFormat("fmt/289", "WARC", None, "application/warc", "its key")
_ARC: Final = FileFormat("x-fmt/219", "Internet Archive", None, None, "its key")
"""Imported files may have another version than ours, so that none is stated."""
PACKED: Final = "information package creation"


def premis_xml(
    selection: FrozenSelection, exhibits: Iterable[LoadedExhibit], proofs: Mapping[str, CustodyProof]
) -> bytes:
    """The whole file: objects, then events, then agents, as the schema orders them."""
    root = etree.Element(f"{{{PREMIS}}}premis", {"version": "3.0"}, nsmap={"premis": PREMIS, "xsi": XSI})
    loaded = [*exhibits]
    software = f"{selection.software.name}/{selection.software.version}"
    waczs = [each.wacz for each in loaded if each.wacz is not None]
    for wacz in waczs:
        _object(root, f"data/evidence/{wacz.path.name}", wacz.sha256.hex, wacz.length_bytes, (_WACZ,))
    for key, proof in sorted(proofs.items()):
        file = files_in_custody(each.entry for each in proof.entries)[key]
        kind = _ARC if key.removesuffix(".gz").endswith(".arc") else _WARC
        _object(root, key, file.sha256.hex, file.length_bytes, (kind,))
    for medium, found in sorted({each: found for one in loaded for each, found in one.formats.items()}.items()):
        if found.length_bytes is not None:
            digest = Digest.parse(medium).hex
            _object(root, medium, digest, found.length_bytes, found.reading.formats, found.reading.reason)
    entries = {
        each.entry.seq: (each.entry, key)
        for key, proof in sorted(proofs.items(), reverse=True)
        for each in proof.entries
        if each.entry.event in EVENT_TYPES
    }
    for _, (entry, key) in sorted(entries.items()):
        _event_of_entry(root, entry, key)
    for wacz in waczs:
        name = f"data/evidence/{wacz.path.name}"
        event = _event(root, f"{selection.package_id} {name}", PACKED, iso_seconds(selection.frozen_at), PACKED)
        _link(event, software, name)
    for agent in sorted({software, *(entry.software for entry, _ in entries.values())}):
        element = _below(root, "agent")
        _identifier(element, "agentIdentifier", agent)
        _below(element, "agentName", agent)
        _below(element, "agentType", "software")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _object(
    root: etree._Element,
    name: str,
    sha256_hex: str,
    length_bytes: int,
    formats: tuple[FileFormat, ...],
    reason: str | None = None,
) -> None:
    """``reason`` says why no format is known."""
    element = _below(root, "object")
    element.set(f"{{{XSI}}}type", "file")
    _identifier(element, "objectIdentifier", name)
    about = _below(element, "objectCharacteristics")
    fixity = _below(about, "fixity")
    _below(fixity, "messageDigestAlgorithm", "SHA-256")
    _below(fixity, "messageDigest", sha256_hex)
    _below(about, "size", str(length_bytes))
    for each in formats:
        described = _below(about, "format")
        designation = _below(described, "formatDesignation")
        _below(designation, "formatName", each.name)
        if each.version is not None:
            _below(designation, "formatVersion", each.version)
        registry = _below(described, "formatRegistry")
        _below(registry, "formatRegistryName", "PRONOM")
        _below(registry, "formatRegistryKey", each.pronom_id)
    if not formats:
        described = _below(about, "format")
        _below(_below(described, "formatDesignation"), "formatName", "unknown")
        _below(described, "formatNote", reason)


def _event_of_entry(root: etree._Element, entry: CustodyEntry, key: str) -> None:
    event = _event(root, custody_key(entry.seq), EVENT_TYPES[entry.event], time_text(entry.at), entry.event)
    _link(event, entry.software, key)


def _event(root: etree._Element, name: str, event_type: str, at: str, detail: str) -> etree._Element:
    event = _below(root, "event")
    _identifier(event, "eventIdentifier", name)
    _below(event, "eventType", event_type)
    _below(event, "eventDateTime", at)
    _below(_below(event, "eventDetailInformation"), "eventDetail", detail)
    _below(_below(event, "eventOutcomeInformation"), "eventOutcome", "success")
    return event


def _link(event: etree._Element, agent: str, subject: str) -> None:
    _identifier(event, "linkingAgentIdentifier", agent)
    _identifier(event, "linkingObjectIdentifier", subject)


def _identifier(element: etree._Element, name: str, value: str) -> None:
    inside = _below(element, name)
    _below(inside, f"{name}Type", "local")
    _below(inside, f"{name}Value", value)


def _below(element: etree._Element, name: str, text: str | None = None) -> etree._Element:
    made = etree.SubElement(element, f"{{{PREMIS}}}{name}")
    made.text = text
    return made
