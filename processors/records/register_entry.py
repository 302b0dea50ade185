"""What an official register says: the record of an entry. Reading is in `processors.register.page`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """One person, organisation or material on a list that grows; ``register`` is the list's own title."""

    kind: Literal["register_entry"] = "register_entry"
    url: str
    register: str | None = None
    number_raw: str | None = None
    name_raw: str | None = None
    born_raw: str | None = None
    act_raw: str | None = None
    decided_by_raw: str | None = None
    decided_at_raw: str | None = None
    in_force_raw: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()
