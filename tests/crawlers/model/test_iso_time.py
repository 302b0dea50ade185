"""The text of a time is what the standard library writes of it, to the microsecond and in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.model.iso_time import time_text

zones = st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-11, minutes=-30))])
moments = st.datetimes(timezones=zones).filter(lambda moment: 1 < moment.year < 9999)


@given(moments)
def test_a_time_is_written_in_utc_with_all_its_digits(moment: datetime) -> None:
    text = time_text(moment)
    assert text == moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert datetime.fromisoformat(text) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        time_text(datetime(2026, 3, 5))  # noqa: DTZ001 - that is the matter
