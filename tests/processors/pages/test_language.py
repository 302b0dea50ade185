"""The language of an article: by its letters, by its words, and against what a template states."""

import unicodedata

import pytest

from processors.pages.language import language_of

TEXTS = {
    "be": "Суд адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу, а хадайніцтва падавалі загадзя.",
    "uk": "Суд відклав розгляд справи на тиждень, бо свідок не з'явився до зали, а її захисник подав клопотання.",
    "ru": "Суд отложил разбирательство на неделю: свидетели не явились, а доводы защиты были поданы раньше срока.",
    "pl": "Sąd odroczył rozprawę o tydzień, ponieważ świadek nie stawił się w sali, a wniosek obrony o inny "
    "termin złożono wcześniej i nie został on rozpatrzony przez sąd w terminie, który jest przewidziany na to w "
    "przepisach, oraz nie do końca wiadomo, kiedy będzie rozpatrzony; strony są na to przygotowane.",
    "en": "The court adjourned the hearing for a week, since the witness did not come to the room, and a request "
    "of the defence to move it had been filed long before that day and was not answered by the judge, which is "
    "why the parties were sent home with no date for the next hearing of the case.",
    "de": "Das Gericht hat die Verhandlung auf die nächste Woche verschoben, da der Zeuge nicht in den Saal kam "
    "und der Antrag der Verteidigung nicht beantwortet ist; das Gericht ist mit dem Fall seit Jahren befasst, und "
    "die Parteien sind nicht zu einer Einigung gekommen.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_the_language_is_told_where_nothing_is_stated(code: str) -> None:
    assert language_of(TEXTS[code], None) == code


@pytest.mark.parametrize("code", ["be", "uk", "ru"])
def test_letters_go_before_a_template_that_states_another_language(code: str) -> None:
    assert language_of(TEXTS[code], "en") == code


@pytest.mark.parametrize("code", ["be", "uk", "ru"])
def test_letters_count_however_they_are_composed(code: str) -> None:
    assert language_of(unicodedata.normalize("NFD", TEXTS[code]), None) == code


def test_what_is_stated_of_latin_text_is_believed() -> None:
    assert language_of(TEXTS["en"], "nl") == "nl"


@pytest.mark.parametrize("text", ["", "Vilnius", "ok " * 100, "123 456 " * 40])
def test_too_little_to_tell_is_unknown(text: str) -> None:
    assert language_of(text, None) is None
