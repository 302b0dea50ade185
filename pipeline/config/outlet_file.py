"""The file of outlets: to which places outside the checkpoints of the log go.

In: a YAML file that holds a list. Out: one declaration per outlet. Raises `OutletFileError` with the line of the
entry and what was expected. Nothing is opened or asked here.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.config.settings import SettingsError
from processors.transparency_log.signed_note import COSIGNATURE_V1, VerifierKey

LARGEST_BYTES: Final = 1 << 20

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class OutletFileError(SettingsError):
    """The file of outlets cannot be read, or holds something else; the operator mends what is named."""

    def __init__(self, sentence: str) -> None:
        super().__init__((sentence,))


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    """Stands in keys of the store and in the pending list, so it never changes; `replica` is the second store."""


class DeclaredWitness(_Declared):
    """A witness (C2SP tlog-witness): below ``url`` it answers, ``key`` is its verifier key."""

    kind: Literal["witness"]
    url: WebAddress
    key: str


class DeclaredTimeAuthority(_Declared):
    """A time authority (RFC 3161); ``roots`` is a file of the certificates that its tokens must lead to."""

    kind: Literal["time_authority"]
    url: WebAddress
    roots: Path | None = None


class DeclaredCalendar(_Declared):
    """A calendar of OpenTimestamps."""

    kind: Literal["opentimestamps"]
    url: WebAddress


class DeclaredWebhook(_Declared):
    """An address that takes each checkpoint by POST."""

    kind: Literal["webhook"]
    url: WebAddress


class DeclaredEmail(_Declared):
    """Receivers of each checkpoint, by an SMTP server."""

    kind: Literal["email"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    sender: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]
    receivers: Annotated[tuple[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")], ...], Field(min_length=1)]
    starttls: bool = True
    user: str | None = None
    password_file: Path | None = None


class DeclaredGit(_Declared):
    """A git repository: each checkpoint is a commit on ``branch`` of ``remote``."""

    kind: Literal["git"]
    remote: Annotated[str, Field(min_length=1, pattern=r"^[^-\s]\S*$")]
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] = "main"


DeclaredOutlet = (
    DeclaredWitness | DeclaredTimeAuthority | DeclaredCalendar | DeclaredWebhook | DeclaredEmail | DeclaredGit
)
_LIST: Final = TypeAdapter(list[Annotated[DeclaredOutlet, Field(discriminator="kind")]])


def read_outlet_file(path: Path) -> tuple[DeclaredOutlet, ...]:
    """Read and check the file."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise OutletFileError(f"{path}: expected at most {LARGEST_BYTES} bytes, found more.")
        rows = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as problem:
        raise OutletFileError(f"{path}: expected a YAML list of outlets, found none: {problem}") from problem
    try:
        declared = tuple(_LIST.validate_python(rows if rows is not None else []))
    except ValidationError as problem:
        raise OutletFileError("\n".join(_sentence(path, dict(error)) for error in problem.errors())) from problem
    names = [each.name for each in declared]
    for name in {"replica", *(name for name in names if names.count(name) > 1)} & set(names):
        raise OutletFileError(f"{path}: outlet {name}: expected a name of its own; it stands for another outlet.")
    for each in declared:
        if isinstance(each, DeclaredWitness):
            _require_witness_key(path, each)
    return declared


def _require_witness_key(path: Path, declared: DeclaredWitness) -> None:
    try:
        key = VerifierKey.parse(declared.key)
    except ValueError as problem:
        raise OutletFileError(f"{path}: outlet {declared.name}: key: {problem}") from problem
    if key.kind != COSIGNATURE_V1:
        expected = f"the key of a witness (kind {COSIGNATURE_V1})"
        raise OutletFileError(f"{path}: outlet {declared.name}: expected {expected}, found kind {key.kind}.")


def _sentence(path: Path, error: dict[str, object]) -> str:
    place = error["loc"]
    where = " ".join(str(each) for each in place) if isinstance(place, tuple) else str(place)
    return f"{path}: entry {where}: {error['msg']}. Nothing was sent anywhere."
