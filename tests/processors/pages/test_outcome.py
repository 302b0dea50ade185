"""A refusal is told from content in every language we meet, and content that speaks of refusals stays content."""

from datetime import UTC, datetime

import pytest

from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page

AT = datetime(2026, 3, 1, tzinfo=UTC)
LONG = "<p>" + " ".join(["Суд перенёс заседание, сообщил адвокат, который был в зале."] * 60) + "</p>"


def page(markup: str, status: int | None = 200) -> Page:
    return Page("https://rechka.example/x", markup.encode("utf-8"), AT, status, "text/html; charset=utf-8")


def thin(sentence: str, title: str = "Рэчка") -> Page:
    return page(f"<html><head><title>{title}</title></head><body><p>{sentence}</p></body></html>")


@pytest.mark.parametrize(
    ("sentence", "outcome"),
    [
        ("Please verify you are human to proceed.", "challenge"),
        ("Making sure you're not a bot!", "challenge"),
        ("Проверка браузера перед переходом на сайт", "challenge"),
        ("Пожалуйста, введите символы с картинки", "challenge"),
        ("Пацвердзіце, што вы не робат", "challenge"),
        ("Підтвердіть, що ви не робот", "challenge"),
        ("Введіть код із зображення", "challenge"),
        ("Potwierdź, że nie jesteś robotem", "challenge"),
        ("Bestätigen Sie, dass Sie ein Mensch sind", "challenge"),
        ("You have been blocked. Access denied.", "blocked"),
        ("Доступ запрещён", "blocked"),
        ("Доступ забаронены", "blocked"),
        ("Доступ заборонено", "blocked"),
        ("Odmowa dostępu", "blocked"),
        ("Слишком много запросов, попробуйте позже", "blocked"),
        ("Доступ да сайта абмежаваны паводле закона", "restricted"),
        ("Доступ до сайту обмежено за рішенням суду", "restricted"),
        ("Ресурс заблокирован по решению Роскомнадзора", "restricted"),
        ("This content is not available in your country.", "restricted"),
        ("Материал недоступен в вашем регионе", "restricted"),
        ("The page you requested could not be found.", "soft_404"),
        ("Запрашиваемая вами страница не найдена", "soft_404"),
        ("Старонка не існуе", "soft_404"),
        ("Сторінку не знайдено", "soft_404"),
        ("Strona nie istnieje", "soft_404"),
        ("Please log in to continue reading", "login_wall"),
        ("Увійдіть, щоб прочитати", "login_wall"),
        ("Увайдзіце, каб прачытаць", "login_wall"),
        ("Zaloguj się, aby przeczytać", "login_wall"),
        ("Мы используем файлы cookie. Принять все", "consent"),
        ("Wir verwenden Cookies. Alle akzeptieren", "consent"),
        ("The site is undergoing maintenance, we'll be back soon.", "blocked"),
        ("На сайте ведутся технические работы", "blocked"),
        ("Партал часова недаступны", "blocked"),
        ("Сайт тимчасово не працює, проводяться технічні роботи", "blocked"),
        ("Trwają prace techniczne, zapraszamy później", "blocked"),
        ("This account has been suspended. Contact your hosting provider.", "blocked"),
        ("Обслуживание сайта приостановлено", "blocked"),
        ("This domain is for sale", "blocked"),
        ("Срок регистрации домена истёк", "blocked"),
        ("Error establishing a database connection", "blocked"),
        ("Fatal error: Uncaught PDOException: SQLSTATE[HY000] in /srv/www/index.php", "blocked"),
    ],
)
def test_a_sentence_of_refusal_alone_on_a_page_decides(sentence: str, outcome: str) -> None:
    verdict = classify(thin(sentence))
    assert verdict.outcome == outcome
    assert verdict.reason


@pytest.mark.parametrize("status", [204, 205])
def test_a_status_that_means_no_content_is_an_empty_page(status: int) -> None:
    assert classify(page("", status)).outcome == Outcome.EMPTY
    assert f"status {status}" in (classify(page("", status)).reason or "")


@pytest.mark.parametrize(("rows", "outcome"), [(3, Outcome.BLOCKED), (4, Outcome.CONTENT)])
def test_a_short_page_with_a_table_of_some_rows_is_content_whatever_it_says(rows: int, outcome: Outcome) -> None:
    table = "<table>" + "<tr><td>1</td><td>2</td><td>3</td></tr>" * rows + "</table>"
    assert classify(page(f"<p>You have been blocked. Access denied.</p>{table}")).outcome == outcome


@pytest.mark.parametrize(
    "sentence",
    [
        "Подтвердите, что вы не робот",
        "Access denied",
        "Страница не найдена",
        "Please log in to continue",
        "На сайте ведутся технические работы",
        "This domain is for sale",
    ],
)
def test_an_article_that_quotes_a_refusal_is_content(sentence: str) -> None:
    assert classify(
        page(f"<html><body><article><h1>О сайтах</h1><p>{sentence}</p>{LONG}</article></body></html>")
    ).outcome == (Outcome.CONTENT)


def test_a_page_of_a_server_that_nobody_set_up_is_no_content_however_long() -> None:
    apache = f"<html><head><title>Apache2 Ubuntu Default Page: It works</title></head><body>{LONG}</body></html>"
    verdict = classify(page(apache))
    assert verdict.outcome == Outcome.BLOCKED
    assert verdict.reason == (
        "the page shows nothing of the site (an unset server: 'Apache2 Ubuntu Default Page')"
    )


def test_a_short_court_list_below_a_notice_of_maintenance_is_content() -> None:
    rows = "".join(f"<tr><td>{n}</td><td>№ 2-{n}/2026</td><td>10:00</td></tr>" for n in range(5))
    notice = "<p>В субботу на сайте проводятся технические работы.</p>"
    assert classify(page(f"<html><body>{notice}<table>{rows}</table></body></html>")).outcome == Outcome.CONTENT


def test_a_short_piece_marked_as_article_is_content() -> None:
    short = (
        '<html><head><meta property="og:type" content="article"></head><body><p>Доступ запрещён: музей '
        "закрыт.</p></body>"
    )
    assert classify(page(short)).outcome == Outcome.CONTENT


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, "empty"),
        (304, "empty"),
        (401, "login_wall"),
        (403, "blocked"),
        (404, "soft_404"),
        (410, "soft_404"),
        (429, "blocked"),
        (451, "restricted"),
        (500, "blocked"),
        (503, "blocked"),
    ],
)
def test_a_status_that_is_no_success_is_never_content(status: int, outcome: str) -> None:
    verdict = classify(page(f"<html><body>{LONG}</body></html>", status))
    assert verdict.outcome == outcome
    assert str(status) in (verdict.reason or "")


def test_a_challenge_with_status_503_is_a_challenge() -> None:
    challenge = (
        "<html><head><title>Just a "
        "moment...</title></head><body><script>window._cf_chl_opt={}</script></body></html>"
    )
    assert classify(page(challenge, 503)).outcome == Outcome.CHALLENGE


def test_a_page_behind_cloudflare_with_its_harmless_script_is_content() -> None:
    injected = (
        "<script>window.__CF$cv$params={r:'1'};a.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>"
    )
    assert classify(page(f"<html><body>{LONG}{injected}</body></html>")).outcome == Outcome.CONTENT


def test_a_page_with_a_captcha_in_its_comment_form_is_content() -> None:
    form = '<form><div class="g-recaptcha"></div><img src="/captcha.png"><input type="password"></form>'
    assert classify(page(f"<html><body>{LONG}{form}</body></html>")).outcome == Outcome.CONTENT


def test_a_short_article_below_a_form_to_sign_in_is_content() -> None:
    form = '<form><input name="login"><input type="password"><img src="/captcha.png"></form>'
    text = "<p>" + " ".join(["Суд перенёс заседание на неделю, сообщил адвокат."] * 16) + "</p>"
    assert classify(page(f"<html><body>{form}{text}</body></html>")).outcome == Outcome.CONTENT


@pytest.mark.parametrize("around", ["form", "nav", "header"])
def test_a_page_that_stands_whole_in_a_form_or_a_navigation_never_closed_is_content(around: str) -> None:
    notice = "<p>Мы используем cookie.</p>"
    markup = f"<html><body><{around}>{notice}<h1>Суд перенёс заседание</h1>{LONG}</{around}></body></html>"
    assert classify(page(markup)).outcome == Outcome.CONTENT


def test_files_and_json_are_content() -> None:
    for body in (b"%PDF-1.7 x", b"PK\x03\x04", b'{"a": 1}'):
        assert classify(Page("https://x.example/f", body, AT, 200)).outcome == Outcome.CONTENT


def test_an_article_titled_like_an_outage_is_content() -> None:
    head = "<title>Apache2 Ubuntu Default Page: what it is for</title>"
    article = f'<html><head>{head}<meta property="og:type" content="article"></head><body>{LONG}</body></html>'
    assert classify(page(article)).outcome == Outcome.CONTENT
