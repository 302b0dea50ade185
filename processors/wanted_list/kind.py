"""Lists of wanted persons as a kind of source."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from processors.kind_declaration import N_, KindOfRecord, KindOfSource, ParserVersion, heading_of_first, ngettext
from processors.records.record import only_of_record, record_without, signature
from processors.text import folded
from processors.wanted_list.labels import wanted_field
from processors.wanted_list.record import WantedPerson


def wanted_person_key(person: WantedPerson, source_id: str, publisher: str | None = None) -> str:
    """Source and the entry's own number; where it has none, a digest of name and birth."""
    del publisher
    named = (
        folded(person.identifier) if person.identifier else f"row:{signature(person.name_raw, person.born_raw)}"
    )
    return f"{source_id}|{named}"


def _version(person: WantedPerson) -> dict[str, Any]:
    """Without addresses' hosts and signatures, the day of the last update, and the number of a row in its list."""
    content = record_without(person, "url", "entry_url", "photos", "updated_at", "updated_raw", "extra")
    content["photos"] = [urlsplit(address).path for address in person.photos]
    content["extra"] = {label: value for label, value in person.extra.items() if wanted_field(label) != "row"}
    return content


def _sighting(person: WantedPerson) -> dict[str, Any]:
    return only_of_record(person, "url", "entry_url", "photos", "updated_at", "updated_raw")


def _parsers() -> tuple[ParserVersion, ...]:
    from processors.wanted_list.page import PARSER_VERSION, read_wanted_list

    return (ParserVersion(kind="wanted_list", name=PARSER_VERSION, read=read_wanted_list),)


WANTED_LIST: Final = KindOfSource(
    name="wanted_list",
    description="A list of wanted persons that an authority publishes.",
    label=N_("wanted list"),
    record=KindOfRecord(
        name="wanted_person",
        plural="persons",
        labels=ngettext("wanted person", "wanted persons"),
        types=(WantedPerson,),
        key=wanted_person_key,
        version=_version,
        sighting=_sighting,
        heading=heading_of_first("name_raw", "identifier"),
        field_labels={
            "aliases": N_("Other names"),
            "entry_url": N_("Page of the entry"),
            "identifier": N_("Identifier"),
            "offence": N_("Offence"),
            "photos": N_("Photos"),
            "place": N_("Place"),
            "reward": N_("Reward"),
            "updated": N_("Updated"),
        },
    ),
    parsers=_parsers,
    complete_list=True,
    likely_address=re.compile(
        r"wanted|fugitive|red-notices?|rozysk|rozshuk|vyshuk|poszukiwani|розыск|розшук|вышук", re.IGNORECASE
    ),
    likely_because="a list of wanted persons",
)
