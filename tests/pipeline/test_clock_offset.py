"""The clock is compared with a time server, or with chrony; where nobody can say, nothing is guessed."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.clock_offset import NoServerAnswerError, ask_server, clock_of_chrony, measured_clock
from pipeline.config.settings import SettingsError, load_settings

EPOCHS_APART_S = 2_208_988_800
"""From 1900, where NTP begins to count, to 1970 (RFC 4330, section 3)."""


def ntp_time(moment_s: float) -> bytes:
    whole = int(moment_s + EPOCHS_APART_S)
    return struct.pack(">II", whole, int((moment_s + EPOCHS_APART_S - whole) * 2**32))


@contextmanager
def time_server(ahead_s: float, *, leap: int = 0, stratum: int = 2) -> Iterator[str]:
    """An SNTP server on loopback whose clock is ``ahead_s`` ahead of this machine's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(10)

        def answer() -> None:
            try:
                request, sender = listening.recvfrom(1024)
            except OSError:
                return
            now = ntp_time(time.time() + ahead_s)
            head = struct.pack(">BBbb", leap << 6 | 4 << 3 | 4, stratum, 6, -20) + bytes(8) + b"LOCL"
            listening.sendto(head + now + request[40:48] + now + now, sender)

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
                waking.sendto(b"", listening.getsockname())
            answering.join()


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("ahead_s", [-3600.0, 0.0, 2.5, 86_400.0])
def test_the_offset_is_this_machines_clock_minus_the_servers(ahead_s: float) -> None:
    with time_server(ahead_s) as server:
        clock = measured_clock((server,))
    assert clock.offset_s is not None
    assert clock.source is not None
    assert abs(clock.offset_s + ahead_s) < 1.0
    assert clock.source.startswith(f"SNTP {server}, stratum 2, round trip ")
    assert clock.reason is None


def test_a_server_that_is_silent_does_not_hide_one_that_answers(nobody_listens: str) -> None:
    with time_server(60.0) as server:
        clock = measured_clock((nobody_listens, server))
    assert clock.source is not None
    assert server in clock.source


def test_without_any_answer_there_is_no_offset_and_each_server_is_named(nobody_listens: str) -> None:
    clock = measured_clock((nobody_listens,))
    assert (clock.source, clock.offset_s) == (None, None)
    assert clock.reason is not None
    assert clock.reason.startswith(f"not measured: {nobody_listens} gave no answer (")


@pytest.mark.parametrize(("leap", "stratum"), [(3, 2), (0, 0), (0, 16)])
def test_a_server_without_the_time_is_not_believed(leap: int, stratum: int) -> None:
    with (
        time_server(5.0, leap=leap, stratum=stratum) as server,
        pytest.raises(NoServerAnswerError, match="does not know the time"),
    ):
        ask_server(server)


TRACKING = """\
Reference ID    : C0000201 (192.0.2.1)
Stratum         : 3
Ref time (UTC)  : Sun Nov 29 12:13:14 2026
System time     : 0.000142500 seconds {direction} of NTP time
Last offset     : -0.000101010 seconds
RMS offset      : 0.000202020 seconds
Frequency       : 1.789 ppm slow
Leap status     : {leap}
"""
"""As ``chronyc -n tracking`` prints it (chronyc(1))."""


@pytest.mark.parametrize(("direction", "offset_s"), [("fast", 0.0001425), ("slow", -0.0001425)])
def test_chrony_says_in_words_which_way_the_clock_is_off(direction: str, offset_s: float) -> None:
    clock = clock_of_chrony(TRACKING.format(direction=direction, leap="Normal"))
    assert clock is not None
    assert (clock.source, clock.offset_s, clock.reason) == ("chrony, by 192.0.2.1", offset_s, None)


def test_chrony_without_synchronisation_gives_a_reason_and_no_offset() -> None:
    clock = clock_of_chrony(TRACKING.format(direction="slow", leap="Not synchronised"))
    assert clock is not None
    assert (clock.offset_s, clock.reason) == (None, "not measured: chrony says that it is not synchronised")


@pytest.mark.parametrize("text", ["", "506 Cannot talk to daemon\n", TRACKING.replace("of NTP time", "of it")])
def test_what_is_no_answer_of_chrony_is_none(text: str) -> None:
    assert clock_of_chrony(text.format(direction="fast", leap="Normal")) is None


def test_without_servers_and_chrony_the_reason_says_that_nothing_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    clock = measured_clock(())
    assert (clock.source, clock.offset_s) == (None, None)
    assert clock.reason is not None
    assert clock.reason.startswith("not measured: no time server is configured, and the kernel")


@pytest.mark.parametrize(
    "given", ["https://time.example", "time.example:", "time.example:port", "a b c d e f g h i"]
)
def test_what_is_no_time_server_is_refused_in_the_settings(given: str) -> None:
    with pytest.raises(SettingsError, match=r"LETAPIS_TIME_SERVERS: expected "):
        load_settings({"LETAPIS_TIME_SERVERS": given})


def test_time_servers_are_read_from_the_settings_once_each() -> None:
    given = "a.example, a.example b.example:1123 [2001:db8::1]:123 2001:db8::2"
    expected = ("a.example", "b.example:1123", "[2001:db8::1]:123", "2001:db8::2")
    assert load_settings({"LETAPIS_TIME_SERVERS": given}).time_servers == expected
