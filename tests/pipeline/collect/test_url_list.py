import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect.url_list import LONGEST_SHOWN, MOST_REFUSED, MOST_URLS, BadUrls, check_lines, validate_urls
from tests.crawlers.test_address_policy import AMBIGUOUS, INNER


def test_one_address_per_line_in_order_each_once() -> None:
    text = "https://example.org/b\n\n  http://example.org/a?x=1#top \r\nhttps://example.org/b\n"
    assert validate_urls(text) == ("https://example.org/b", "http://example.org/a?x=1#top")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("javascript:alert(1)", "must begin with http:// or https://"),
        ("example.org", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("https://", "names no host"),
        ("https://example.org/a b", "contains a space"),
        ("https://user:secret@example.org/", "contains a user name or password"),
        ("https://example.org:99999/", "is no web address"),
        ("https://example.org:0/", "port 0"),
        ("https://[::1/", "is no web address"),
        ("https://example.org/" + "a" * 8001, "characters long"),
    ],
)
def test_a_line_that_is_no_address_is_refused_in_words(line: str, said: str) -> None:
    with pytest.raises(BadUrls) as refused:
        validate_urls(f"https://example.org/good\n{line}")
    (problem,) = refused.value.problems
    assert problem.startswith("Line 2: ")
    assert said in problem


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "10.0.0.8",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "localhost",
        "localhost.",
        "db.localhost",
        "printer.local",
        "metadata.google.internal",
        "intranet",
    ],
)
def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    with pytest.raises(BadUrls, match="not public"):
        validate_urls(f"http://{host}/latest/meta-data/")


@pytest.mark.parametrize("host", [*INNER, *AMBIGUOUS])
def test_the_form_refuses_what_the_recorder_refuses(host: str) -> None:
    host = f"[{host}]" if ":" in host else host
    with pytest.raises(BadUrls):
        validate_urls(f"http://{host}/")


@pytest.mark.parametrize("host", ["93.184.215.14", "[2606:2800:21f:cb07::1]", "example.notlocal", "local.by"])
def test_public_addresses_and_names_that_only_look_local_are_taken(host: str) -> None:
    assert validate_urls(f"http://{host}/") == (f"http://{host}/",)


def test_a_setting_opens_a_network_for_tests_and_no_other() -> None:
    assert validate_urls("http://127.0.0.1:8080/", allow_addresses=("127.0.0.0/8",))
    with pytest.raises(BadUrls):
        validate_urls("http://10.0.0.1/", allow_addresses=("127.0.0.0/8",))


def test_every_bad_line_is_named_and_nothing_is_fetched() -> None:
    with pytest.raises(BadUrls) as refused:
        validate_urls("ftp://example.org/\nhttps://example.org/\nhttp://10.1.1.1/")
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["Line 1", "Line 3"]
    assert str(refused.value).endswith("Nothing was fetched.")


def test_lines_that_are_no_address_are_named_and_the_others_are_taken() -> None:
    found = check_lines("ftp://a.example/\n\nhttps://b.example/\nhttps://x:y@c.example/\nhttps://b.example/\n\x07")
    assert found.urls == ("https://b.example/",)
    assert [(each.line, each.text) for each in found.refused] == [
        (1, "ftp://a.example/"),
        (4, "https://(not shown)@c.example/"),
        (6, "\\x07"),
    ]
    assert str(found.refused[0]).startswith("Line 1: 'ftp://a.example/' is not a web address")


def test_what_is_kept_of_a_refused_line_is_short() -> None:
    (long,) = check_lines("https://b.example/\n" + "\u202e" * 9000).refused
    assert len(long.text) == LONGEST_SHOWN


def test_a_text_with_a_thousand_lines_that_are_none_is_no_list() -> None:
    lines = "https://b.example/\n" + "word\n" * MOST_REFUSED
    assert len(check_lines(lines).refused) == MOST_REFUSED
    with pytest.raises(BadUrls, match="hardly a list"):
        check_lines(lines + "word")


def test_an_empty_form_and_too_many_addresses_are_refused() -> None:
    with pytest.raises(BadUrls, match="no address"):
        validate_urls(" \n \n")
    with pytest.raises(BadUrls, match="257 addresses are too many"):
        validate_urls("\n".join(f"https://example.org/{number}" for number in range(MOST_URLS + 1)))


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused_in_words(text: str) -> None:
    try:
        urls = validate_urls(text)
    except BadUrls as refused:
        assert all(refused.problems)
    else:
        assert all(url.lower().startswith(("http://", "https://")) for url in urls)


@pytest.mark.parametrize(
    "line", ["https://user:secret@example.org/", "https://user:sec ret@example.org/", "ftp://secret@example.org"]
)
def test_a_password_is_not_repeated_where_others_read_it(line: str) -> None:
    with pytest.raises(BadUrls) as refused:
        validate_urls(line)

    assert "(not shown)@example.org" in str(refused.value)
    assert "sec" not in str(refused.value)
