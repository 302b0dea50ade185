from datetime import datetime, timedelta, timezone

from access.rendering.times import minute, moment, moment_us


def test_a_time_is_an_element_that_programs_and_people_read_in_utc() -> None:
    assert moment("2026-11-23T20:15:07.123456Z") == (
        '<time datetime="2026-11-23T20:15:07Z">2026-11-23 20:15:07 UTC</time>'
    )
    at = datetime(2026, 11, 23, 22, 15, 7, tzinfo=timezone(timedelta(hours=2)))
    assert minute(at, age=True) == '<time datetime="2026-11-23T20:15:07Z" data-age>2026-11-23 20:15 UTC</time>'
    assert moment_us("2026-11-23T20:15:07.123456Z") == (
        '<time datetime="2026-11-23T20:15:07Z">2026-11-23 20:15:07.123456 UTC</time>'
    )


def test_a_time_that_is_not_known_says_so_and_is_no_element() -> None:
    assert moment(None) == minute(None) == "unknown time"
