"""Questions in SQL: one SELECT, which changes nothing, and shows what the person who logged in may see."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine, make_url, text

from pipeline.config.settings import OwnedDatabase
from pipeline.devstack.postgres import SUPERUSER, PostgresServer
from storage.ledger.memberships import add_member, remove_member
from storage.sql_access.logins import login_of, new_login
from storage.sql_access.session import SqlRefusedError, answer_of, described_views
from tests.embedded_database import superuser_password
from tests.storage.labelled_archive import CASE, OPEN, SECRET, Labelled

VIEWS = [
    "captures",
    "changes",
    "custody",
    "files",
    "media",
    "occurrences",
    "records",
    "requests",
    "sightings",
    "similar_media",
    "versions",
]
SECRETS = "count(*)::text FROM archive.captures WHERE url ~ 'secret'"


def rows(url: str, statement: str, timeout_s: float = 20) -> list[tuple[Any, ...]]:
    with answer_of(url, statement, timeout_s=timeout_s) as answer:
        return [tuple(row) for row in answer.rows]


def as_administrator(server: PostgresServer, *statements: str) -> None:
    password = superuser_password(server)
    with closing(
        psycopg2.connect(host=str(server.place.socket), user=SUPERUSER, password=password, dbname="postgres")
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(scope="module")
def logins(labelled: Labelled, postgres_server: PostgresServer) -> Iterator[dict[str, str]]:
    """By person: the address of the database as their own login; ala is a member of the case, maryna is not."""
    made = [new_login(f"{name}-{secrets.token_hex(3)}", days=1) for name in ("ala", "maryna")]
    add_member(labelled.archive, made[0].member, actor="custodian", case=CASE)
    for login in made:
        as_administrator(postgres_server, *login.statements)
    base = make_url(labelled.settings.database_sql_url or "")
    yield {
        login.member.partition("-")[0]: base.set(username=login.login, password=login.password).render_as_string(
            hide_password=False
        )
        for login in made
    }
    for login in made:
        as_administrator(postgres_server, *login.removal)


def test_the_custodians_role_sees_every_row_of_every_view(labelled: Labelled) -> None:
    url = labelled.settings.database_sql_url or ""
    assert list(described_views(url)) == VIEWS
    assert all(described_views(url).values())
    assert sorted({row[0] for row in rows(url, "SELECT url FROM captures")}) == sorted(
        {
            OPEN,
            SECRET,
            "https://secret.example/b.jpg",
            "https://127.0.0.1:8443/x?y=1",
            "https://vesnik.example/a.png",
            "https://vesnik.example/gone",
            "https://vesnik.example/robots.txt",
        }
    )
    counted = {name: rows(url, f"SELECT count(*) FROM archive.{name}")[0][0] for name in VIEWS}
    assert counted == {
        "captures": 8,
        "changes": 1,
        "custody": counted["custody"],
        "files": 3,
        "media": 2,
        "occurrences": 2,
        "records": 2,
        "requests": 0,
        "sightings": 3,
        "similar_media": counted["similar_media"],
        "versions": 3,
    }
    assert counted["custody"] > 3
    assert counted["similar_media"] > 0


def test_a_person_sees_by_sql_what_is_open_and_what_is_of_their_cases(
    labelled: Labelled, logins: dict[str, str]
) -> None:
    seen = {
        name: {view: rows(url, f"SELECT count(*) FROM {view}")[0][0] for view in VIEWS}
        for name, url in logins.items()
    }
    everything = {
        view: rows(labelled.settings.database_sql_url or "", f"SELECT count(*) FROM {view}")[0][0]
        for view in VIEWS
    }
    assert {view: count for view, count in seen["ala"].items() if view != "custody"} == {
        view: count for view, count in everything.items() if view != "custody"
    }
    assert seen["maryna"] | {"custody": 0} == {
        "captures": 6,
        "changes": 1,
        "custody": 0,
        "files": 2,
        "media": 1,
        "occurrences": 1,
        "records": 1,
        "requests": 0,
        "sightings": 2,
        "similar_media": 0,
        "versions": 2,
    }
    assert 0 < seen["maryna"]["custody"] < seen["ala"]["custody"] < everything["custody"]
    assert rows(logins["maryna"], "SELECT url FROM captures WHERE url LIKE '%secret%'") == []


ATTEMPTS = [
    f"SELECT set_config('session_authorization', 'letapis_sql', false), {SECRETS}",
    f"SELECT set_config('role', 'letapis_sql', false), {SECRETS}",
    f"SELECT set_config('role', 'letapis_owner', false), {SECRETS}",
    f"SELECT set_config('search_path', 'catalogue', false), {SECRETS}",
    f"SELECT set_config('row_security', 'off', false), {SECRETS}",
    "SELECT url FROM catalogue.captures",
    "SELECT label FROM ledger.members",
    "SELECT archive.login_of('ala')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT query_to_xml('SELECT url FROM catalogue.captures', true, true, '')",
    "SELECT url FROM captures WHERE url ~ 'secret' AND 1 / length(url) >= 0",
    "SELECT url FROM captures WHERE CASE WHEN url ~ 'secret' THEN 1 / (status - 200) > 0 ELSE false END",
    "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'captures'",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_setting_function_or_operator_of_a_session_shows_what_is_of_anothers_case(
    logins: dict[str, str], attempt: str
) -> None:
    try:
        found = rows(logins["maryna"], attempt)
    except SqlRefusedError as refused:
        assert "division by zero" not in refused.reason
    else:
        assert [row for row in found if row[-1] not in (None, "0")] == []


def test_a_person_who_logs_in_elsewhere_can_change_neither_role_nor_rows(
    logins: dict[str, str], labelled: Labelled
) -> None:
    with create_engine(logins["maryna"], isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in (
            "SET default_transaction_read_only = off",
            "SET statement_timeout = 0",
            "SET search_path = catalogue, ledger, public",
        ):
            connection.execute(text(statement))
        for statement in (
            "SET ROLE letapis_sql",
            "SET SESSION AUTHORIZATION letapis_sql",
            "CREATE TEMPORARY TABLE members (member text, label text)",
            "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE VIEW archive.captures AS SELECT * FROM catalogue.captures",
            "INSERT INTO archive.files (key) VALUES ('x')",
            "DELETE FROM archive.captures",
            "ALTER ROLE CURRENT_USER RENAME TO " + login_of("ala"),
            "COPY archive.captures TO PROGRAM 'true'",
        ):
            with pytest.raises(Exception, match=r"denied|must be|permission|cannot"):
                connection.execute(text(statement))
        assert connection.scalar(text("SELECT count(*) FROM archive.captures")) == 6


def test_a_member_who_is_removed_sees_nothing_of_the_case_from_then_on(
    labelled: Labelled, logins: dict[str, str]
) -> None:
    question = "SELECT count(*) FROM captures WHERE url LIKE '%secret%'"
    login = make_url(logins["ala"]).username
    (member,) = [
        name for (name,) in rows_as_owner(labelled, "SELECT member FROM ledger.members") if login_of(name) == login
    ]
    assert rows(logins["ala"], question) == [(2,)]
    remove_member(labelled.archive, member, actor="custodian", case=CASE)
    assert rows(logins["ala"], question) == [(0,)]
    add_member(labelled.archive, member, actor="custodian", case=CASE)


def rows_as_owner(labelled: Labelled, statement: str) -> list[tuple[Any, ...]]:
    with create_engine(labelled.settings.database_url or "").connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM captures",
        "INSERT INTO files (key) VALUES ('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW captures",
        "WITH gone AS (DELETE FROM captures RETURNING 1) SELECT * FROM gone",
        "SELECT * INTO taken FROM captures",
        "SET statement_timeout = 0",
        "COPY captures TO STDOUT",
        "EXPLAIN SELECT 1",
        "COMMIT",
        "DO $$ BEGIN END $$",
        "",
        "SELECT nothing FROM nowhere",
    ],
)
def test_nothing_but_one_select_is_answered(labelled: Labelled, statement: str) -> None:
    with pytest.raises(SqlRefusedError):
        rows(labelled.settings.database_sql_url or "", statement)


def test_a_question_that_takes_too_long_is_ended(labelled: Labelled) -> None:
    url = labelled.settings.database_sql_url or ""
    for statement in (
        "SELECT pg_sleep(60)",
        "SELECT set_config('statement_timeout', '0', false) UNION ALL SELECT pg_sleep(60)::text",
    ):
        with pytest.raises(SqlRefusedError, match=r"longer than 0\.3 s"):
            rows(url, statement, timeout_s=0.3)


def test_rows_come_as_they_are_read_with_their_types(labelled: Labelled) -> None:
    url = labelled.settings.database_sql_url or ""
    statement = (
        "SELECT n, n::text AS t, '{\"a\": [1]}'::jsonb AS j, NULL::bool AS b FROM generate_series(1, 2500) n;"
    )
    with answer_of(url, statement, timeout_s=20) as answer:
        assert [(each.name, each.type) for each in answer.columns] == [
            ("n", "INTEGER"),
            ("t", "VARCHAR"),
            ("j", "VARCHAR"),
            ("b", "BOOLEAN"),
        ]
        assert next(answer.rows) == (1, "1", {"a": [1]}, None)
        assert sum(1 for _ in answer.rows) == 2499


def test_the_views_show_the_new_catalogue_after_a_rebuild(database: OwnedDatabase) -> None:
    with create_engine(database.writer_url).begin() as connection:
        connection.execute(text("SELECT rebuilding.begin_next('test')"))
        connection.execute(text("INSERT INTO catalogue_next.records VALUES ('r', 'article', 'k')"))
        connection.execute(
            text(
                "INSERT INTO catalogue_next.warcs (key, object_version, custody_seq, sha256, sha512, "
                "length_bytes, records, origin, source_id, crawl_id, serial, access_label, warcinfo) "
                "VALUES ('w', 'v', 1, 's', 's', 1, 1, 'crawl', 'kanal', 'c', 0, 'default', '{}')"
            )
        )
        connection.execute(text("SELECT rebuilding.exchange()"))
        connection.execute(text("SELECT rebuilding.drop_before()"))
    assert rows(database.sql_url or "", "SELECT key FROM files") == [("w",)]
    with create_engine(database.owner_url).connect() as connection:
        options = connection.scalars(
            text("SELECT reloptions::text FROM pg_class WHERE relnamespace = 'archive'::regnamespace")
        ).all()
    assert set(options) == {"{security_barrier=true}"}
