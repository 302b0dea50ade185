import pytest

from access.navigation import SECTIONS, sections_of
from access.route_roles import ROLE_OF_ROUTE
from access.routes.viewing import own_path
from storage.access_labels import Role, Viewer


def names(role: Role) -> set[str]:
    return {section.name for section in sections_of(Viewer("analyst", role))}


def test_the_header_leads_nobody_to_a_page_that_is_refused_or_not_there() -> None:
    assert sections_of(None) == ()
    assert {"members", "accesses"} & names(Role.COLLECTOR) == set()
    assert {"members", "accesses"} <= names(Role.CUSTODIAN)
    there = {section.name for section in SECTIONS if f"GET {section.path}" in ROLE_OF_ROUTE}
    assert names(Role.ADMINISTRATOR) == there
    assert {"home", "changes", "captures", "similar", "requests"} <= there


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "/other/", "", "/archive/\n"],
)
def test_the_way_back_leads_to_no_other_place(back: str) -> None:
    assert own_path(back, "/archive") == "/archive/"


def test_the_way_back_keeps_the_question() -> None:
    assert own_path("/archive/captures?url=a", "/archive") == "/archive/captures?url=a"
