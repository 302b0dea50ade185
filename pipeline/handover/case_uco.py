"""The exhibits as linked data after CASE and UCO, for tools of digital forensics: ``data/records/case.jsonld``.

In: exhibits as the tables have them. Out: JSON-LD bytes. Every id is derived from what it names, so that the same
package has the same ids and a supplement names the same things alike. Of people nothing is said. Source: CASE 1.4
and UCO 1.4 (caseontology.org, read 2026-11).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from crawlers.model.iso_time import time_text
from pipeline.handover.exhibit_content import PackedCapture
from pipeline.handover.exhibit_status import SubjectStatus
from pipeline.handover.exhibit_wacz import WrittenWacz
from pipeline.handover.load_file import LoadedExhibit
from pipeline.handover.plain_json import plain_json
from pipeline.handover.selection import FrozenSelection
from processors.digest import Digest
from storage.ledger.received_files import is_received_file

ID_SPACE: Final = uuid5(NAMESPACE_URL, "urn:letapis:case")
CONTEXT: Final = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
WACZ_TYPE: Final = "application/wacz"
HASH_NAMES: Final = {"sha256": "SHA256", "sha512": "SHA512", "sha1": "SHA1", "md5": "MD5"}


def case_jsonld(selection: FrozenSelection, exhibits: Iterable[LoadedExhibit]) -> bytes:
    """The whole file."""
    tool = _id("tool", selection.software.name, selection.software.version)
    graph: list[dict[str, Any]] = [
        {
            "@id": tool,
            "@type": "uco-tool:Tool",
            "uco-core:name": selection.software.name,
            "uco-tool:version": selection.software.version,
        }
    ]
    seen: set[str] = {tool}
    for node in (node for exhibit in exhibits for node in _exhibit(exhibit, tool)):
        if node["@id"] not in seen:
            seen.add(node["@id"])
            graph.append(node)
    return plain_json({"@context": CONTEXT, "@graph": graph})


def _exhibit(loaded: LoadedExhibit, tool: str) -> Iterator[dict[str, Any]]:
    exhibit, captures = loaded.content.exhibit, loaded.content.captures
    files = [] if loaded.wacz is None else [_id("file", str(loaded.wacz.sha256))]
    if loaded.wacz is not None:
        yield _file(files[0], loaded.wacz)
    for each in captures:
        yield from _capture(each, tool)
    yield {
        "@id": _id("exhibit", exhibit.number),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:name": exhibit.title,
        "case-investigation:exhibitNumber": exhibit.number,
        "uco-core:object": [*map(_ref, files), *(_ref(_id("capture", each.capture.id)) for each in captures)],
    }
    for status in loaded.statuses:
        yield _status(status, exhibit.number)


def _file(name: str, wacz: WrittenWacz) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "uco-observable:File",
        "uco-core:name": wacz.path.name,
        "uco-core:hasFacet": [
            {
                "@id": _id("file facet", str(wacz.sha256)),
                "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": wacz.path.name,
                "uco-observable:filePath": f"data/evidence/{wacz.path.name}",
                "uco-observable:sizeInBytes": wacz.length_bytes,
            },
            _content("file content", wacz.sha256, wacz.length_bytes, WACZ_TYPE),
        ],
    }


def _status(status: SubjectStatus, number: str) -> dict[str, Any]:
    """What people found out about the exhibit: an assertion, and no fact."""
    found = (("place", status.place), ("time", status.happened), ("method", status.method))
    sentences = [f"verification status of {status.kind} {status.subject_id}: {status.status}"]
    node = {
        "@id": _id("verification", number, status.subject_id),
        "@type": "uco-core:Annotation",
        "uco-core:tag": [str(status.status)],
        "uco-core:statement": [*sentences, *(f"{name}: {value}" for name, value in found if value)],
        "uco-core:object": [_ref(_id("exhibit", number))],
    }
    return node if status.since is None else node | {"uco-core:objectCreatedTime": _time(status.since)}


def _capture(packed: PackedCapture, tool: str) -> Iterator[dict[str, Any]]:
    capture = packed.capture
    subject = _id("capture", capture.id)
    digest = capture.payload_digest or capture.block_digest
    yield {
        "@id": subject,
        "@type": "uco-observable:ObservableObject",
        "uco-core:name": capture.id,
        "uco-core:hasFacet": [
            {
                "@id": _id("address", capture.id),
                "@type": "uco-observable:URLFacet",
                "uco-observable:fullValue": capture.url,
            },
            _content(f"content of {capture.id}", digest, capture.payload_length_bytes, capture.media_type),
        ],
    }
    yield {
        "@id": _id("action", capture.id),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": _action(packed),
        "uco-action:startTime": _time(capture.captured_at),
        "uco-action:instrument": _ref(tool),
        "uco-action:result": [_ref(subject)],
    }


def _action(packed: PackedCapture) -> str:
    """What was done: nothing was captured of a file that a person brought."""
    if packed.role == "redacted":
        return "redacted"
    return "received" if is_received_file(packed.capture.url, packed.capture.id) else "captured"


def _content(of: str, digest: Digest, length_bytes: int | None, media_type: str | None) -> dict[str, Any]:
    hashed = {
        "@id": _id("hash", of, str(digest)),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": HASH_NAMES.get(digest.algorithm, digest.algorithm.upper()),
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": digest.hex},
    }
    facet: dict[str, Any] = {
        "@id": _id("content facet", of, str(digest)),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:hash": [hashed],
    }
    if media_type is not None:
        facet["uco-observable:mimeType"] = media_type
    if length_bytes is not None:
        facet["uco-observable:sizeInBytes"] = length_bytes
    return facet


def _time(at: datetime) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": time_text(at)}


def _ref(node: str) -> dict[str, str]:
    return {"@id": node}


def _id(*of: str) -> str:
    named: UUID = uuid5(ID_SPACE, "\n".join(of))
    return f"urn:uuid:{named}"
