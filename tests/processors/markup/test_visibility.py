"""A page as a reader sees it: what is hidden goes, what is crossed out is told apart, and nothing seen is lost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from processors.markup.html_tree import STRUCK_MARK, parse, visible_text
from processors.markup.visibility import as_seen, hidden_in, struck_in


def seen(body: str, head: str = "") -> html.HtmlElement:
    tree = parse(f"<html><head><title>t</title>{head}</head><body>{body}</body></html>")
    assert tree is not None
    as_seen(tree)
    return tree


MANY_WORDS = " ".join(f"слова{number}" for number in range(70))


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("<p>бачна <span hidden>не</span></p>", ""),
        ("<p>бачна <span style='display:none'>не</span></p>", ""),
        ("<p>бачна <span style='Display : NONE !important'>не</span></p>", ""),
        ("<p>бачна <span style='visibility:hidden'>не</span></p>", ""),
        ("<p>бачна <span class='sr-only'>не</span></p>", ""),
        ("<p>бачна <span class='a d-none'>не</span></p>", ""),
        ("<p>бачна <template>не</template></p>", ""),
        ("<p>бачна <span class='k'>не</span></p>", ".k{display:none}"),
        ("<p>бачна <span class='k'>не</span></p>", "p > .k, .z{color:red;display:none}"),
        ("<p>бачна <span class='k'>не</span></p>", "@media all{@supports (x:y){.k{display:none}}}"),
        ("<p>бачна <span class='k' style='display:inline'>не</span></p>", ".k{display:none!important}"),
        ("<p>бачна <b id='k'>не</b></p>", "/* {} */ #k{visibility:hidden}"),
        ("<p>бачна <span hidden><b>не</b> <s>не</s></span></p>", ""),
        ("<p>бачна <span style='position:fixed;top:-5000px'>не</span></p>", ""),
        ("<p>бачна <span style='clip-path:inset(50%)'>не</span></p>", ""),
        ("<p>бачна <span style='opacity:0'>не</span></p>", ""),
    ],
)
def test_what_no_reader_sees_is_not_in_the_text_and_can_still_be_told(body: str, rules: str) -> None:
    tree = seen(body, f"<style>{rules}</style>")
    assert visible_text(tree).split() == ["бачна"]
    assert "не" not in "".join(tree.find("body").itertext())
    assert hidden_in(tree) in ((), ("не",), ("не не",))


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("<details><summary>бачна</summary><p>і гэта</p></details>", ""),
        ("<p aria-hidden='true'>бачна і гэта</p>", ""),
        ("<p hidden='until-found'>бачна і гэта</p>", ""),
        ("<p style='content-visibility:auto'>бачна і гэта</p>", ""),
        ("<p class='d-none d-md-block'>бачна і гэта</p>", ""),
        ("<p class='hidden lg:block'>бачна і гэта</p>", ""),
        ("<p class='hidden'>бачна і гэта</p>", ".hidden{display:block}"),
        ("<p hidden>бачна і гэта</p>", "p{display:block} b{display:none}"),
        ("<p class='k'>бачна і гэта</p>", "@media print{.k{display:none}}"),
        ("<p class='k'>бачна і гэта</p>", "@media (max-width: 600px){.k{display:none}}"),
        ("<p class='k'>бачна і гэта</p>", ".k{display:none} @media print{.k{display:block}}"),
        ("<p class='k'>бачна і гэта</p>", ".k{display:none} .k:target{display:block}"),
        ("<p class='k'>бачна і гэта</p>", ".k{display:none} .k.open{display:block}"),
        ("<p class='k'>бачна і гэта</p>", ".k{display:none} .k{display:inline}"),
        ("<p class='k'>бачна і гэта</p>", "p.k{display:inline} .k{display:none}"),
        ("<p class='k'>бачна і гэта</p>", ".k:hover{display:none}"),
        ("<p class='k'>бачна і гэта</p>", ".k::before{display:none}"),
        ("<p>бачна і гэта</p>", "body{visibility:hidden;animation:start 8s} p{color:red}"),
        ("<div style='visibility:hidden'><p style='visibility:visible'>бачна і гэта</p></div>", ""),
        ("<a href='#more'>бачна</a> <div id='more' style='display:none'>і гэта</div>", ""),
        ("<p>бачна</p><div role='tabpanel' hidden>і гэта</div>", ""),
        ("<p>бачна</p><div class='tab-pane' style='display:none'>і гэта</div>", ""),
        ("<noscript><style>p{display:none}</style></noscript><p>бачна і гэта</p>", ""),
        ("<ul style='font-size:0'><li style='font-size:16px'>бачна і гэта</li></ul>", ""),
    ],
)
def test_what_a_reader_sees_or_may_come_to_see_stays(body: str, rules: str) -> None:
    assert " ".join(visible_text(seen(body, f"<style>{rules}</style>")).split()) == "бачна і гэта"


def test_many_hidden_words_are_kept_since_scripts_show_them_later_and_this_is_said() -> None:
    tree = parse(f"<html><body><p>бачна</p><div style='display:none'>{MANY_WORDS}</div></body></html>")
    assert tree is not None
    assert as_seen(tree).kept[0].startswith("слова0 слова1")
    assert "слова69" in visible_text(tree)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("<p>сёння <s>учора</s></p>", ""),
        ("<p>сёння <del>учора</del></p>", ""),
        ("<p>сёння <strike>учора</strike></p>", ""),
        ("<p>сёння <span style='text-decoration: line-through #f00'>учора</span></p>", ""),
        ("<p>сёння <span class='line-through'>учора</span></p>", ""),
        ("<p>сёння <span class='old'>учора</span></p>", ".old{text-decoration-line:underline line-through}"),
        ("<p>сёння <b class='old'><i>уч</i>ора</b></p>", "p b.old{text-decoration:line-through}"),
        ("<div>сёння</div><div style='text-decoration:line-through'>учора</div>", ""),
    ],
)
def test_crossed_out_words_are_no_value_and_are_marked_in_a_running_text(body: str, rules: str) -> None:
    tree = seen(body, f"<style>{rules}</style>")
    assert visible_text(tree).split() == ["сёння"]
    assert visible_text(tree, mark=STRUCK_MARK).split() == ["сёння", "~~учора~~"]
    assert ["".join(each.itertext()) for each in struck_in(tree)] == ["учора"]


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("<p><s>адзін<br>два</s> тры</p>", "~~адзін~~\n~~два~~ тры"),
        ("<del><p>адзін</p><p>два</p></del><p>тры</p>", "~~адзін~~\n~~два~~\nтры"),
        ("<p>а<s> б </s>в</p>", "а ~~б~~ в"),
        ("<p>а <s></s> <s> </s>б</p>", "а б"),
        ("<p><s>а <s>б</s> в</s> г</p>", "~~а б в~~ г"),
    ],
)
def test_marks_stand_around_what_is_crossed_out_of_each_line(body: str, marked: str) -> None:
    assert visible_text(seen(body), mark=STRUCK_MARK) == marked


def test_an_element_that_is_itself_crossed_out_still_says_what_it_says() -> None:
    (struck,) = struck_in(seen("<p><s>учора <b>раніцай</b></s> сёння</p>"))
    assert visible_text(struck) == "учора раніцай"


def test_hidden_rows_at_the_end_of_a_table_are_its_other_pages() -> None:
    rows = "".join(
        f"<tr{' style=display:none' if number > 5 else ''}><td>{number}</td></tr>" for number in range(12)
    )
    assert len(visible_text(seen(f"<table>{rows}</table>")).split()) == 12
    few = "".join(f"<tr{' hidden' if number == 2 else ''}><td>{number}</td></tr>" for number in range(4))
    assert visible_text(seen(f"<table>{few}</table>")).split() == ["0", "1", "3"]


def test_a_collapsed_column_goes_with_its_heading_and_other_cells_keep_their_places() -> None:
    tree = seen(
        "<table><colgroup><col><col style='visibility:collapse'></colgroup><tr><th>a<th>b<th>c</tr>"
        "<tr><td rowspan=2>1<td>2<td>3</tr><tr><td>4<td>5</tr></table>"
    )
    assert [[cell.text for cell in row if cell.tag in ("td", "th")] for row in tree.iter("tr")] == [
        ["a", "c"],
        ["1", "3"],
        ["5"],
    ]


STYLES = st.text(alphabet="{}.#:;@/*!,>+~ adinopsyltv-()[]\"'0m", max_size=200)


@given(STYLES, st.text(alphabet="<>/= adhinopsytbr\"'", max_size=200), st.data())
@settings(max_examples=200, deadline=None)
def test_no_page_breaks_it_and_a_second_time_changes_nothing(rules: str, markup: str, data: Any) -> None:
    style = data.draw(
        st.sampled_from(["display:none", "visibility:hidden", "text-decoration:line-through", rules])
    )
    tree = parse(f'<style>{rules}</style><div class="a">{markup}<p style="{style}">слова</p>')
    assert tree is not None
    as_seen(tree)
    once = visible_text(tree, mark=STRUCK_MARK)
    as_seen(tree)
    assert visible_text(tree, mark=STRUCK_MARK) == once
