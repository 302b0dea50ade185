"""Settings as text: how each value is read from a variable or a line of `.env`.

Every reader takes the text and gives the value, or raises `ValueError` with what it had expected.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from crawlers.log_lines import JSON, TEXT

PROJECT: Final = Path(__file__).resolve().parents[2]
"""Relative paths in settings are meant from here, wherever a command is called."""

LOCK_MODES: Final = ("governance", "compliance")


def _folder_or_file(raw: str) -> Path:
    path = Path(raw).expanduser()
    return (path if path.is_absolute() else PROJECT / path).resolve()


def _absolute_folder(raw: str) -> Path:
    """As it is written: a link on the way would hide who may write there."""
    path = Path(raw)
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError("the absolute path of a folder, without `..`")
    return path


def _port(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 65535:
        raise ValueError("a port number up to 65535, or 0 for any free one")
    return int(raw)


def _days(raw: str) -> int:
    if not raw.isdecimal() or int(raw) < 1:
        raise ValueError("a whole number of days, 1 or more")
    return int(raw)


def _weeks(raw: str) -> int:
    if not raw.isdecimal() or not 1 <= int(raw) <= 520:
        raise ValueError("a whole number of weeks, 1 to 520")
    return int(raw)


def _captures(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 10_000:
        raise ValueError("a whole number of captures, 0 to 10000")
    return int(raw)


def _megabytes(raw: str) -> int:
    if not raw.isdecimal():
        raise ValueError("a whole number of megabytes, 0 or more")
    return int(raw)


def _workers(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 64:
        raise ValueError("a whole number, 0 to 64")
    return int(raw)


def _moment(raw: str) -> datetime:
    moment = datetime.fromisoformat(raw) if raw[:1].isdecimal() else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("a moment with its zone, as 2026-11-23T18:00:00+00:00")
    return moment.astimezone(UTC)


def _ends_of_algorithms(raw: str) -> dict[str, datetime]:
    """``name=day`` pairs, separated by commas or spaces; an algorithm ends when its day begins (UTC)."""
    found = {}
    for one in _several(raw):
        name, _, day = one.partition("=")
        if re.fullmatch(r"sha256|sha384|sha512|[a-z][a-z0-9]*-\d+|ed25519", name) is None or not re.fullmatch(
            r"\d{4}-\d\d-\d\d", day
        ):
            raise ValueError("`NAME=YYYY-MM-DD` pairs, each name such as sha256, rsa-2048 or ecdsa-256")
        found[name] = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return found


def _yes_or_no(raw: str) -> bool:
    if raw.lower() not in ("yes", "no"):
        raise ValueError("yes or no")
    return raw.lower() == "yes"


def _logs_as(raw: str) -> str:
    if raw.lower() not in (TEXT, JSON):
        raise ValueError(f"{TEXT} or {JSON}")
    return raw.lower()


def _lock_mode(raw: str) -> str:
    if raw.lower() not in LOCK_MODES:
        raise ValueError(f"one of {', '.join(LOCK_MODES)}")
    return raw.lower()


def _web_address(raw: str) -> str:
    if not raw.startswith(("http://", "https://")) or not _names_a_host(raw):
        raise ValueError("an address that begins with http:// or https://")
    return raw.rstrip("/")


def _names_a_host(raw: str) -> bool:
    """Whether a host, and a port that can be one, are in an address without spaces."""
    try:
        parts = urlsplit(raw)
        return bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", raw)
    except ValueError:
        return False


def _bucket(raw: str) -> str:
    """Amazon S3, "General purpose bucket naming rules", as of 2026-11."""
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", raw) is None:
        raise ValueError("3 to 63 of the characters a-z, 0-9, - and ., with a letter or digit at both ends")
    return raw


def _one_word(raw: str) -> str:
    if re.search(r"\s", raw):
        raise ValueError("a name without spaces")
    return raw


def _one_line(raw: str) -> str:
    """It stands in headers and in custody."""
    if not raw.isprintable():
        raise ValueError("one line of text, without control characters")
    return raw


def _database_url(raw: str) -> str:
    if not raw.startswith(("postgresql://", "postgresql+psycopg2://")):
        raise ValueError("an address that begins with postgresql://")
    # without a driver SQLAlchemy 2.1 takes psycopg, which is not what we have
    return "postgresql+psycopg2://" + raw.partition("://")[2]


def _bearer_token(raw: str) -> str:
    """A token that stands in a header as it is (RFC 6750, section 2.1)."""
    if re.fullmatch(r"[A-Za-z0-9._~+/-]{16,}=*", raw) is None:
        raise ValueError("16 or more of the characters A-Z, a-z, 0-9 and -._~+/=")
    return raw


def _message_addresses(raw: str) -> tuple[str, ...]:
    """Separated by spaces alone, since an address may have commas in it."""
    found = tuple(dict.fromkeys(raw.split()))
    if not all(re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", one, re.IGNORECASE) for one in found):
        raise ValueError("addresses as apprise writes them, each with its `service://`, separated by spaces")
    return found


def _language_tag(raw: str) -> str:
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", raw) is None:
        raise ValueError("a language tag such as en, be or pt-BR")
    return raw


def _time_zone(raw: str) -> str:
    try:
        return ZoneInfo(raw).key
    except (KeyError, OSError, ValueError):  # an unknown one, the name of a folder, a path
        raise ValueError("a time zone such as Europe/Warsaw") from None


_SERVER: Final = re.compile(r"[A-Za-z0-9_.:\[\]-]+")


def _time_servers(raw: str) -> tuple[str, ...]:
    wanted = "host names or addresses, each alone or as HOST:PORT, at most 8"
    found = tuple(dict.fromkeys(_several(raw)))
    if len(found) > 8 or not all(_SERVER.fullmatch(one) and _is_host_with_port(one) for one in found):
        raise ValueError(wanted)
    return found


def _is_host_with_port(text: str) -> bool:
    """Whether the port is a number, where one is given; an IPv6 address with one stands in brackets."""
    if text.count(":") > 1 and "]" not in text:
        return True
    host, colon, port = text.rpartition(":")
    return not colon or text.endswith("]") or (bool(host) and port.isdecimal() and int(port) <= 65535)


def _several(raw: str) -> tuple[str, ...]:
    return tuple(raw.replace(",", " ").split())


ROLES: Final = ("reader", "collector", "custodian", "administrator")


def _roles(raw: str) -> dict[str, str]:
    """``word=role`` pairs, separated by commas; a word may have spaces in it."""
    found = {}
    for one in filter(None, (each.strip() for each in raw.split(","))):
        word, equals, role = (part.strip() for part in one.rpartition("="))
        if not equals or not word or role not in ROLES:
            raise ValueError(f"`GROUP=ROLE` pairs, separated by commas, each role one of {', '.join(ROLES)}")
        found[word] = role
    return found


def _time_authorities(raw: str) -> tuple[str, ...]:
    """Each ``URL`` or ``URL|FILE``; the file's path is made absolute."""
    wanted = "web addresses, each alone or as URL|FILE with a PEM file of the roots it is held to"
    found = []
    for one in _several(raw):
        url, pinned, file = one.partition("|")
        if not url.startswith(("http://", "https://")):
            raise ValueError(wanted)
        path = _folder_or_file(file)
        if pinned and not (path.is_file() and b"-----BEGIN CERTIFICATE-----" in path.read_bytes()):
            raise ValueError(f"{wanted}; no certificate is in {path}")
        found.append(f"{url}|{path}" if pinned else url)
    if len({one.partition("|")[0] for one in found}) != len(found):
        raise ValueError(f"{wanted}; each address once")
    return tuple(found)


EGRESS_PREFIX: Final = "LETAPIS_EGRESS_"
DIRECT: Final = "direct"
"""The egress profile that every installation has: no proxy."""


def egress_profiles(given: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Proxy addresses by profile name, and a sentence for each variable that declares none.

    ``LETAPIS_EGRESS_TOR=socks5://127.0.0.1:9050`` declares the profile ``tor``. An address may hold a password and
    is never part of a sentence.
    """
    profiles: dict[str, str] = {}
    problems = []
    for variable, raw in sorted(given.items()):
        name = variable.removeprefix(EGRESS_PREFIX).lower()
        if not variable.startswith(EGRESS_PREFIX) or not raw.strip():
            continue
        if name == DIRECT or not re.fullmatch(r"[a-z0-9][a-z0-9_]{0,39}", name):
            problems.append(f"{variable}: expected a name of letters, digits and _ that is not {DIRECT!r}.")
            continue
        try:
            profiles[name] = _proxy_address(raw.strip())
        except ValueError as wanted:
            problems.append(f"{variable}: expected {wanted}, found (not shown).")
    return profiles, tuple(problems)


def _proxy_address(raw: str) -> str:
    wanted = "socks5://[user:password@]host:port or http://[user:password@]host:port"
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    schemes = {"socks5": "socks5", "socks5h": "socks5", "http": "http"}
    whole = parts.scheme in schemes and parts.hostname and port and parts.path in ("", "/")
    if not whole or parts.query or parts.fragment or (parts.username is None) != (parts.password is None):
        raise ValueError(wanted)
    return f"{schemes[parts.scheme]}://{parts.netloc}"


READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "data": _folder_or_file,
    "watchlist": _folder_or_file,
    "search_index": _folder_or_file,
    "extensions": _absolute_folder,
    "upstream_ca": _folder_or_file,
    "chromium": _folder_or_file,
    "s3_endpoint": _web_address,
    "s3_port": _port,
    "s3_bucket": _bucket,
    "s3_region": _one_word,
    "replica_bucket": _bucket,
    "replica_region": _one_word,
    "user_agent": _one_line,
    "collector": _one_line,
    "lock_mode": _lock_mode,
    "logs_as": _logs_as,
    "lock_days": _days,
    "replica_endpoint": _web_address,
    "replica_lock_mode": _lock_mode,
    "replica_lock_days": _days,
    "audit_weeks": _weeks,
    "renew_time_days": _days,
    "algorithms_until": _ends_of_algorithms,
    "renew_locks": _yes_or_no,
    "nights_since": _moment,
    "quality_sample": _captures,
    "keep_free_mb": _megabytes,
    "receive_limit_mb": _megabytes,
    "workers": _workers,
    "sealing_keys": _folder_or_file,
    "outlets": _folder_or_file,
    "log_key": _folder_or_file,
    "package_key": _folder_or_file,
    "login_profiles": _folder_or_file,
    "login_keys": _folder_or_file,
    "packages": _folder_or_file,
    "validation_report": _folder_or_file,
    "database_url": _database_url,
    "database_writer_url": _database_url,
    "database_reader_url": _database_url,
    "database_access_url": _database_url,
    "database_sql_url": _database_url,
    "database_drill_url": _database_url,
    "airflow_url": _web_address,
    "airflow_port": _port,
    "roles": _roles,
    "metrics_token": _bearer_token,
    "morning_to": _message_addresses,
    "alarm_to": _message_addresses,
    "morning_language": _language_tag,
    "morning_timezone": _time_zone,
    "morning_heartbeat_url": _web_address,
    "replay_url": _web_address,
    "replay_port": _port,
    "replay_key": _folder_or_file,
    "connect_to": _several,
    "allow_addresses": _several,
    "time_authorities": _time_authorities,
    "time_servers": _time_servers,
    "own_address_url": _web_address,
}
"""How each setting is read from text; those not named here are text."""


def read_dotenv(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Values by name, and one sentence per line that cannot be read.

    `NAME=value` lines; `#` begins a comment line; quotes around a value are taken off. No file is an empty one.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}, ()
    except OSError as problem:
        return {}, (f"{path}: cannot be read: {problem.strerror}.",)
    except UnicodeDecodeError as problem:
        return {}, (f"{path}: expected text in UTF-8, found other bytes ({problem.reason}).",)
    given: dict[str, str] = {}
    problems = []
    for number, line in enumerate((line.strip() for line in lines), start=1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            problems.append(f"{path}, line {number}: expected NAME=value.")
            continue
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        given[name.strip()] = value[1:-1] if quoted else value
    return given, tuple(problems)
