"""HMCTS hearing lists: the JSON of the UK's Court and Tribunal Hearings service and of the Crown Court (PDDA).

In: the loaded JSON. Out: one hearing per case. Both families nest court, room, session, sitting, hearing and
case; the walk carries what each level says down to the cases. Source: schemas of hmcts/pip-data-management
(b762605948f3).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from processors.pages.article_codes import article_codes
from processors.pages.dates import read_moment
from processors.records.hearing import Hearing
from processors.records.official import Official
from processors.text import one_line

LONDON = ZoneInfo("Europe/London")
_DEEPEST = 24
_SKIPPED = frozenset(("linkedcases", "document", "documentid", "listheader", "venue", "locationdetails"))
# key in lower case -> what it says of everything below it
_CONTEXT = {
    "courthousename": "court", "courtroomname": "room", "courtroomnumber": "room", "sittingstart": "start",
    "sittingdate": "day", "sittingat": "clock", "hearingtype": "kind", "hearingdescription": "kind_words",
    "hearingdate": "day", "fixeddate": "day", "casenumber": "case", "caseurn": "case", "casename": "name",
    "casetype": "case_type", "casesequenceindicator": "sequence", "listnote": "note",
    "sittingnote": "sitting_note",
}  # fmt: skip
_EXTRA = {
    "case_type": "caseType",
    "sequence": "caseSequenceIndicator",
    "note": "ListNote",
    "sitting_note": "SittingNote",
}


def is_hmcts(data: Any) -> bool:
    """Whether the JSON is one of these lists."""
    if not isinstance(data, dict):
        return False
    return "courtLists" in data or any(
        isinstance(data.get(name), dict) for name in ("DailyList", "FirmList", "WarnedList")
    )


def hmcts_hearings(data: Mapping[str, Any], url: str) -> tuple[list[Hearing], list[str]]:
    """All cases of the list as hearings."""
    venue = data.get("venue")
    context = {"court": venue.get("venueName")} if isinstance(venue, dict) and venue.get("venueName") else {}
    found = [_hearing(facts, url) for facts in _walk(data, dict(context), 0)]
    return found, [] if found else ["the list names no case"]


def _walk(node: Any, context: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, context, depth + 1)
        return
    if not isinstance(node, dict):
        return
    facts = dict(context)
    for key, value in node.items():
        name = _CONTEXT.get(key.lower())
        if name and isinstance(value, str | int) and str(value).strip():
            facts[name] = one_line(str(value))
    house = node.get("CourtHouse")
    if isinstance(house, dict) and house.get("CourtHouseName"):
        facts["court"] = one_line(str(house["CourtHouseName"]))
    details = node.get("HearingDetails") or node.get("Hearing")
    for inner in details if isinstance(details, list) else [details]:
        if isinstance(inner, dict):
            facts |= {
                _CONTEXT[key.lower()]: one_line(value)
                for key, value in inner.items()
                if key.lower() in _CONTEXT and isinstance(value, str)
            }
    for key in ("judiciary", "Judiciary"):
        if node.get(key):
            facts["judges"] = list(_judges(node[key]))
    for key in (
        "party",
        "Defendants",
        "offence",
        "Prosecution",
        "sessionChannel",
        "channel",
        "reportingRestrictionDetail",
    ):
        if node.get(key):
            facts[key] = node[key]
    if "case" in facts and "case" not in context:
        yield facts
        return
    if "party" in node and not _has_cases(node):
        yield facts
        return
    for key, value in node.items():
        if key.lower() not in _SKIPPED and isinstance(value, dict | list):
            yield from _walk(value, facts, depth + 1)


def _has_cases(node: Mapping[str, Any]) -> bool:
    cases = node.get("case")
    return isinstance(cases, list) and any(
        isinstance(case, dict) and (case.get("caseNumber") or case.get("caseUrn")) for case in cases
    )


def _judges(node: Any) -> Iterator[str]:
    """Names as the list writes them: known-as, else title and surname; the presiding one first."""
    people = node if isinstance(node, list) else [node]
    people = sorted(
        (person for person in people if isinstance(person, dict)), key=lambda p: not p.get("isPresiding")
    )
    for person in people:
        known = _joined(person, "johKnownAs") or _joined(person, "johTitle", "johNameSurname")
        if known:
            yield known
        for key in ("Judge", "Justice"):
            inner = person.get(key)
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, dict) and (name := _citizen(one)):
                    yield name


def _joined(node: Mapping[str, Any], *keys: str) -> str:
    words: list[str] = []
    for key in keys:
        value = node.get(key)
        words += [str(item) for item in value] if isinstance(value, list) else ([str(value)] if value else [])
    return one_line(" ".join(words))


def _citizen(node: Mapping[str, Any]) -> str:
    requested = node.get("CitizenNameRequestedName")
    if isinstance(requested, str) and requested.strip():
        return one_line(requested)
    return _joined(node, "CitizenNameTitle", "CitizenNameForename", "CitizenNameSurname", "CitizenNameSuffix")


def _party_name(party: Mapping[str, Any]) -> str:
    person = party.get("individualDetails")
    if isinstance(person, dict):
        return _joined(person, "title", "individualForenames", "individualMiddleName", "individualSurname")
    organisation = party.get("organisationDetails")
    return _joined(organisation, "organisationName") if isinstance(organisation, dict) else ""


def _defendant(node: Mapping[str, Any]) -> str:
    details = node.get("PersonalDetails")
    if not isinstance(details, dict):
        return ""
    if str(details.get("IsMasked", "")).lower() == "yes" and details.get("MaskedName"):
        return one_line(str(details["MaskedName"]))
    name = details.get("Name")
    return _citizen(name) if isinstance(name, dict) else ""


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _hearing(facts: Mapping[str, Any], url: str) -> Hearing:
    parties = _objects(facts.get("party"))
    named = [
        (one_line(str(p.get("friendlyRoleName") or p.get("partyRole") or "")), _party_name(p)) for p in parties
    ]
    defendants = [_defendant(node) for node in _objects(facts.get("Defendants"))]
    lines = [facts["name"]] if facts.get("name") else []
    lines += [f"{role}: {name}" if role else name for role, name in named if name]
    lines += [name for name in defendants if name]
    offences = [_joined(node, "offenceTitle") for node in _all_offences(facts, parties)]
    charges = "\n".join(text for text in offences if text) or None
    prosecutors = [name for role, name in named if "PROSECUT" in role.upper() and name] + list(_prosecution(facts))
    judges = list(facts.get("judges", []))
    raw = facts.get("start") or " ".join(filter(None, (facts.get("day"), facts.get("clock")))) or None
    moment = read_moment(raw, country="uk")
    court = facts.get("court")
    extra = {name: str(facts[key]) for key, name in _EXTRA.items() if facts.get(key)}
    for key in ("sessionChannel", "channel", "reportingRestrictionDetail"):
        values = [one_line(str(item)) for item in facts[key]] if isinstance(facts.get(key), list) else []
        if any(values):
            extra[key] = "\n".join(value for value in values if value)
    return Hearing(
        url=url,
        court=court,
        room=facts.get("room"),
        judge=judges[0] if judges else None,
        panel=tuple(judges) if len(judges) > 1 else (),
        prosecutor_raw="; ".join(dict.fromkeys(prosecutors)) or None,
        case_number=facts.get("case"),
        parties_raw="\n".join(lines) or None,
        charges_raw=charges,
        article_codes=article_codes(charges),
        hearing_kind=facts.get("kind_words") or facts.get("kind"),
        starts_at=moment.at(LONDON) if moment else None,
        starts_raw=raw,
        extra=extra,
        officials=tuple(Official(name_raw=name, role_raw="judiciary", body_raw=court) for name in judges),
    )


def _all_offences(facts: Mapping[str, Any], parties: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    yield from _objects(facts.get("offence"))
    for party in parties:
        yield from _objects(party.get("offence"))
    for defendant in _objects(facts.get("Defendants")):
        for charge in _objects(defendant.get("Charges")):
            yield {"offenceTitle": charge.get("OffenceStatement")}


def _prosecution(facts: Mapping[str, Any]) -> Iterator[str]:
    for node in _objects(facts.get("Prosecution")):
        organisation = node.get("ProsecutingOrganisation")
        if isinstance(organisation, dict) and organisation.get("OrganisationName"):
            yield one_line(str(organisation["OrganisationName"]))
        elif node.get("ProsecutingAuthority"):
            yield one_line(str(node["ProsecutingAuthority"]))
