"""What came of an address that a person wanted archived, and how it is put in lines for people.

In: keys and counts, of a task or of the ledger. Out: `Archived`, sentences. Of a confidential request the lines
hold numbers alone. Light to import: commands and tasks that only wait for a worker begin with it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from pipeline.archive_pages import page_of_capture, page_of_request
from pipeline.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Archived:
    """What came of one address.

    ``capture_id`` is the capture of the page, behind redirects where there were any, None where there is none;
    ``page_url`` is its address; ``captures`` counts those of the whole visit. ``preserved`` is True only where
    every configured store has confirmed the files, None where there are none. ``problem`` says why the page is not
    there, None if it is. ``videos`` are the keys of `crawlers.model.report.VideoSearch`, None where video was not
    looked for. ``linked`` are the pages to which it links and which were wanted, too: of each ``url linked_from
    capture_id status outcome outcome_reason``; None where none were.
    """

    url: str
    request_id: str
    crawl_id: str
    capture_id: str | None
    page_url: str | None
    captured_at: str | None
    status: int | None
    outcome: str | None
    outcome_reason: str | None
    warc_keys: tuple[str, ...]
    captures: int
    preserved: bool | None
    preserved_reason: str
    problem: str | None
    look_at: str | None
    videos: Mapping[str, Any] | None = None
    linked: tuple[Mapping[str, Any], ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Keys and counts as JSON-ready values."""
        return {"kind": "archived"} | asdict(self) | {"warc_keys": list(self.warc_keys)}

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> Self:
        """What another process wrote down of it (`storage.ledger.requests.RequestResult`)."""
        values = {each.name: details[each.name] for each in fields(cls) if each.name in details}
        return cls(**values | {"warc_keys": tuple(values["warc_keys"])})


def where_of_request(settings: Settings, request_id: str) -> str:
    """Where the members of the case find what came of it."""
    if settings.airflow_url is None:
        return "The members of its case find more on the page Requests of the archive."
    return f"The members of its case find more here: {settings.airflow_url}/archive/{page_of_request(request_id)}"


def confidential_and_missing(
    settings: Settings, jobs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any] | None]
) -> tuple[list[str], list[str]]:
    """As `archived_and_missing`, of a confidential request: numbers alone."""
    found = {result["number"]: result for result in results if result is not None}
    lines: list[str] = []
    missing: list[str] = []
    for job in jobs:
        result = found.get(job["number"])
        if result is None:
            missing.append(
                f"URL {job['number'] + 1}: its task failed. {where_of_request(settings, job['request_id'])}"
            )
        else:
            (missing if result["missing"] else lines).append(result["sentence"])
    return lines, missing


def page_of(settings: Settings, capture_id: str) -> str:
    """Where the capture's page is on the running stack, or the command that shows it."""
    if settings.airflow_url is None:
        return f"letapis show {capture_id}"
    return f"{settings.airflow_url}/archive/{page_of_capture(capture_id)}"


def archived_and_missing(
    urls: Sequence[str], results: Sequence[Mapping[str, Any] | None]
) -> tuple[list[str], list[str]]:
    """A line per address with a capture that says where it is, and a line per address that is not there."""
    found = {str(result["url"]): result for result in results if result is not None}
    lines: list[str] = []
    missing: list[str] = []
    for url in urls:
        result = found.get(url)
        if result is None:
            missing.append(f"{url}: its task failed; the log of the task says why.")
            continue
        if result["capture_id"] is not None or not result["problem"]:
            lines.append(describe_archived(result))
        if result["problem"]:
            missing.append(f"{url}: {result['problem']}")
    return lines, missing


def outcome_in_a_line(addresses: int, results: Sequence[Mapping[str, Any] | None], *, refused: int = 0) -> str:
    """What came of so many addresses, in numbers alone: for the note of a run, which others may read.

    ``refused``: lines that were no addresses.

    ``results`` are those of the tasks that did not fail; of a confidential request they have no outcome.
    """
    found = [result for result in results if result is not None]
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter({"task failed": addresses - len(found)})
    for result in found:
        if "missing" in result:
            (bad if result["missing"] else good)[""] += 1
        else:
            outcome = str(result["outcome"] or "not classified").replace("_", " ")
            (bad if result["problem"] else good)[outcome] += 1
    address = "address" if addresses == 1 else "addresses"
    sentence = f"{good.total()} of {addresses} {address} captured as requested{_counted(good)}"
    if bad.total():
        sentence += f"; {bad.total()} not{_counted(bad)}"
    if refused:
        sentence += f"; {refused} {'line' if refused == 1 else 'lines'} refused"
    return f"{sentence}."


def _counted(outcomes: Mapping[str, int]) -> str:
    named = [f"{count} {name}" for name, count in sorted(outcomes.items()) if name and count]
    return f" ({', '.join(named)})" if named else ""


def describe_archived(result: Mapping[str, Any]) -> str:
    """One archived address as a line for people."""
    if result["capture_id"] is None:
        return f"{result['url']}: no capture. {result['problem'] or ''}".rstrip()
    pending = "" if result["preserved"] else "NOT YET preserved: "
    outcome = str(result["outcome"] or "not classified").replace("_", " ")
    why = f" ({result['outcome_reason']})" if result["outcome_reason"] else ""
    onward = f" (sent on to {result['page_url']})" if result["page_url"] != result["url"] else ""
    kept = f"{result['captures']} captures in {', '.join(result['warc_keys'])}"
    state = f"{outcome}{why}; {kept}; {pending}{result['preserved_reason']}"
    videos = result.get("videos")
    video = "" if videos is None else f"\n  {describe_videos(videos)}"
    linked = "".join(f"\n  linked from it: {describe_linked(each)}" for each in result.get("linked") or ())
    return f"{result['url']}{onward}: {state}{video}\n  {result['look_at']}{linked}"


def describe_linked(linked: Mapping[str, Any]) -> str:
    """What came of a page to which the requested one links, as text for people."""
    reason = f" ({linked['outcome_reason']})" if linked["outcome_reason"] else ""
    return f"{linked['url']}: {str(linked['outcome']).replace('_', ' ')}{reason}"


def describe_videos(videos: Mapping[str, Any]) -> str:
    """What came of looking for video and audio, as a sentence for people."""
    if videos["outcome"] == "none":
        return "video and audio: none found behind the players of the page"
    reason = f": {videos['reason']}" if videos["reason"] else ""
    return f"video and audio: {videos['taken']} of {videos['found']} taken{reason}"
