"""abvestki.pryklad.example: a page that is empty without a browser; a script loads its content."""

from samples.media.files import media_file
from samples.messages import Request, Response, content, html, json_response, not_found
from samples.pages import page

HOST = "abvestki.pryklad.example"

NOTICES = (
    {
        "number": "А-17/2026",
        "title": "Пра перанос пасяджэння",
        "body": "Пасяджэнне па справе № 2-118/2026 перанесена.",
    },
    {
        "number": "А-18/2026",
        "title": "Пра доступ у будынак",
        "body": "Уваход у будынак суда — са боку вуліцы Заводскай.",
    },
    {"number": "А-19/2026", "title": "Пра прыём грамадзян", "body": "Прыём грамадзян 1 снежня не праводзіцца."},
)

JAVASCRIPT = "text/javascript; charset=utf-8"


def answer(request: Request) -> Response:
    """The page, what it loads, and what its service worker loads."""
    match request.path:
        case "/":
            return html(page("notices/page.html"))
        case "/app.js":
            return content(page("notices/app.js").encode(), JAVASCRIPT)
        case "/worker.js":
            return content(page("notices/worker.js").encode(), JAVASCRIPT)
        case "/style.css":
            return content(page("notices/style.css").encode(), "text/css; charset=utf-8")
        case "/api/notices.json":
            return json_response({"notices": NOTICES})
        case "/api/worker.json":
            return json_response({"asked_by": "service worker"})
        case "/emblem.png":
            return content(media_file("hospital/c15/w320/png").content, "image/png")
    return not_found(request)
