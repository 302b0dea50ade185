"""How long a host asks to be left alone: ``Retry-After`` (RFC 9110, section 10.2.3) as seconds."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_HOLD_S = 86_400.0
"""No host is left alone for more than a night because it once said so."""


def retry_after_s(value: str, now: datetime) -> float | None:
    """How long ``Retry-After`` asks for, a number or a date (RFC 9110, section 10.2.3); None for neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    # "-0000" says that the zone is not known, which for HTTP dates is UTC
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
