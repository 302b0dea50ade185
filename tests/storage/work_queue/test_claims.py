"""Claims on real PostgreSQL: one holder per address at any time, and none for longer than its lease."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, create_engine, text, update

from pipeline.config.settings import OwnedDatabase
from storage.work_queue.claims import (
    Claim,
    LeaseLostError,
    beat,
    claim,
    end,
    forget_old,
    give_back,
    leave,
    living_workers,
    order,
    order_of,
    renew,
    still_awaited,
    take_up,
    wait_no_more,
)
from storage.work_queue.tables import orders


@pytest.fixture
def writer(database: OwnedDatabase) -> Iterator[Engine]:
    engine = create_engine(database.writer_url)
    yield engine
    engine.dispose()


def ordered(writer: Engine, request_id: str, addresses: int = 1) -> None:
    with writer.begin() as connection:
        order(connection, request_id, addresses)


def claimed(writer: Engine, worker: str = "a", of: tuple[str, int] | None = None) -> Claim | None:
    with writer.begin() as connection:
        return claim(connection, worker, of=of)


def lease_ends(writer: Engine) -> None:
    """As if its holder had been killed long ago."""
    with writer.begin() as connection:
        connection.execute(update(orders).values(lease_until=text("clock_timestamp()")))


def test_workers_that_claim_at_once_get_different_addresses_and_each_exactly_once(writer: Engine) -> None:
    ordered(writer, "r", 40)
    begin = Barrier(8)

    def work(name: str) -> list[Claim]:
        begin.wait()
        return list(iter(lambda: claimed(writer, name), None))

    with ThreadPoolExecutor(8) as pool:
        taken = [each for found in pool.map(work, "abcdefgh") for each in found]

    assert sorted(each.number for each in taken) == list(range(40))
    assert {each.attempt for each in taken} == {1}


def test_an_open_claim_of_one_transaction_is_skipped_by_another_and_not_waited_for(writer: Engine) -> None:
    ordered(writer, "r", 2)
    with writer.begin() as one, writer.begin() as other:
        first, second = claim(one, "a"), claim(other, "b")
    assert (first, second) == (Claim("r", 0, "a", 1), Claim("r", 1, "b", 1))


def test_who_holds_a_claim_keeps_it_by_renewing_and_nobody_else_gets_it(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        assert renew(connection, held)
    assert claimed(writer, "b") is None


def test_after_the_lease_another_has_the_address_and_the_first_can_neither_renew_nor_end(writer: Engine) -> None:
    ordered(writer, "r")
    lost = claimed(writer, "a")
    lease_ends(writer)
    held = claimed(writer, "b")
    assert lost is not None
    assert held == Claim("r", 0, "b", 2)
    with writer.begin() as connection, pytest.raises(LeaseLostError):
        renew(connection, lost)
    with writer.begin() as connection, pytest.raises(LeaseLostError, match="Address 1 of request r"):
        end(connection, lost, broken=False)
    with writer.begin() as connection:
        end(connection, held, broken=False)


def test_a_lease_that_has_ended_is_lost_even_where_nobody_has_claimed_it_yet(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    lease_ends(writer)
    with writer.begin() as connection, pytest.raises(LeaseLostError):
        renew(connection, held)


def test_what_has_ended_is_claimed_no_more(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        end(connection, held, broken=True)
    assert claimed(writer, "b") is None
    with writer.connect() as connection:
        found = order_of(connection, "r", 0)
    assert found is not None
    assert (found.broken, found.claimed_by, found.ended_at is None) == (True, "a", False)


def test_what_is_given_back_is_free_at_once_and_the_attempt_does_not_count(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        give_back(connection, held)
    assert claimed(writer, "b") == Claim("r", 0, "b", 1)


def test_the_first_address_of_a_new_request_comes_before_the_second_one_of_a_long_list(writer: Engine) -> None:
    ordered(writer, "long", 3)
    assert claimed(writer) == Claim("long", 0, "a", 1)
    ordered(writer, "page")
    assert claimed(writer) == Claim("page", 0, "a", 1)
    assert claimed(writer) == Claim("long", 1, "a", 1)


def test_what_waited_for_more_than_a_day_is_claimed_by_whoever_names_it_alone(writer: Engine) -> None:
    ordered(writer, "r")
    with writer.begin() as connection:
        connection.execute(update(orders).values(ordered_at=text("now() - interval '25 hours'")))
    assert claimed(writer) is None
    assert claimed(writer, of=("r", 0)) == Claim("r", 0, "a", 1)


def test_however_old_an_order_is_a_worker_claims_it_while_somebody_waits_for_it_now(writer: Engine) -> None:
    ordered(writer, "r")
    with writer.begin() as connection:
        connection.execute(update(orders).values(ordered_at=text("now() - interval '25 hours'")))
        take_up(connection, "r", 0, "run")
    assert claimed(writer) == Claim("r", 0, "a", 1)


def test_the_first_run_takes_what_came_of_an_address_and_a_second_run_orders_it_anew(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        end(connection, held, broken=False)
    with writer.begin() as connection:
        assert take_up(connection, "r", 0, "run 1").ended_at is not None
        assert take_up(connection, "r", 0, "run 1").ended_at is not None, "the same run asks again"
        assert take_up(connection, "r", 0, "run 2").ended_at is None
    assert claimed(writer, "b") == Claim("r", 0, "b", 1)


def test_a_run_that_comes_while_it_is_worked_on_waits_for_that_and_orders_nothing(writer: Engine) -> None:
    ordered(writer, "r")
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        found = take_up(connection, "r", 0, "run 1")
        assert (found.claimed_by, found.attempt) == ("a", 1)
        end(connection, held, broken=False)


def test_a_run_of_a_request_that_was_never_ordered_orders_it(writer: Engine) -> None:
    with writer.begin() as connection:
        take_up(connection, "old", 3, "run 1")
    assert claimed(writer) == Claim("old", 3, "a", 1)


def test_what_is_awaited_no_more_is_claimed_by_nobody_and_who_has_it_learns_so_when_it_renews(
    writer: Engine,
) -> None:
    ordered(writer, "r", 2)
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        assert renew(connection, held), "nobody has taken it up yet"
        take_up(connection, "r", 0, "run")
        assert renew(connection, held)
        wait_no_more(connection, "r")
        assert not renew(connection, held)
    assert claimed(writer, "b") is None
    with writer.begin() as connection:
        still_awaited(connection, "r", 1)
    assert claimed(writer, "b") == Claim("r", 1, "b", 1), "another waits all the same"


def test_a_run_that_gives_no_sign_of_life_waits_no_more(writer: Engine) -> None:
    ordered(writer, "r")
    with writer.begin() as connection:
        take_up(connection, "r", 0, "run")
        connection.execute(text("UPDATE work.orders SET awaited_until = awaited_until - interval '21 seconds'"))
    assert claimed(writer) is None
    with writer.begin() as connection:
        take_up(connection, "r", 0, "its second try")
    assert claimed(writer) == Claim("r", 0, "a", 1)


def test_workers_live_while_they_give_signs_of_life(writer: Engine) -> None:
    with writer.begin() as connection:
        beat(connection, "a")
        beat(connection, "a")
        beat(connection, "b")
        leave(connection, "b")
        assert living_workers(connection) == ("a",)
        connection.execute(text("UPDATE work.workers SET seen_at = now() - interval '16 seconds'"))
        assert living_workers(connection) == ()


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(writer: Engine) -> None:
    ordered(writer, "r", 2)
    held = claimed(writer)
    assert held is not None
    with writer.begin() as connection:
        end(connection, held, broken=False)
        connection.execute(text("UPDATE work.orders SET ended_at = ended_at - interval '31 days'"))
        forget_old(connection)
        assert order_of(connection, "r", 0) is None
        assert order_of(connection, "r", 1) is not None
