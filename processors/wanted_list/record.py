"""What a list of wanted persons says of one of them. Reading is in `processors.wanted_list.page`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPerson:
    """One entry of a list of wanted persons, in the words of the authority that published it.

    ``born`` is our reading of ``born_raw``: an ISO 8601 date, or the year alone where no day can be told; None
    where several are named. ``identifier`` is the entry's own number, or else what its address tells it by.
    ``entry_url`` is the entry's own page; ``photos`` are addresses. ``extra`` holds whatever no field fits, under
    its own label.
    """

    kind: Literal["wanted_person"] = "wanted_person"
    url: str
    name_raw: str | None = None
    aliases_raw: tuple[str, ...] = ()
    born_raw: str | None = None
    born: str | None = None
    offence_raw: str | None = None
    article_codes: tuple[str, ...] = ()
    issuer_raw: str | None = None
    place_raw: str | None = None
    reward_raw: str | None = None
    status_raw: str | None = None
    identifier: str | None = None
    entry_url: str | None = None
    photos: tuple[str, ...] = ()
    text: str | None = None
    published_at: datetime | None = None
    published_raw: str | None = None
    updated_at: datetime | None = None
    updated_raw: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()
