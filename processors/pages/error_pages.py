"""Pages that stand where a site should stand: maintenance, a broken server, a suspended account, a parked domain.

Data for `outcome.classify`, beside `block_pages`. They come with status 200 as often as not; a court that is
"being maintained" has no empty list. Sentences are those of widespread servers, panels and registrars, in the
languages we meet (2026-11). As there, a sentence is believed only on a page with little text of its own, a title
with ``proof`` anywhere.
"""

from processors.pages.block_pages import match_signature

OUTAGES = (
    match_signature(
        "blocked",
        "an unset server",
        "title",
        r"^Welcome to (?:nginx|OpenResty|CentOS)\b|^Apache2? \S+ Default Page"
        r"|^Apache HTTP Server Test Page|^IIS Windows",
        r"^Test Page for the (?:Nginx|Apache|HTTP) |^Default (?:Web Site"
        r"|Parallels Plesk) Page|^Домен не прилинкован",
        proof=True,
    ),
    match_signature(
        "blocked",
        "a suspended account",
        "text",
        r"(?:this )?(?:account|site|website|domain|hosting) (?:has been|is"
        r"|was) (?:temporarily )?(?:suspended|disabled|deactivated)",
        r"(?:сайт|аккаунт|хостинг|уч[её]тная запись"
        r"|обслуживание сайта)[^.]{0,40}(?:приостановлен|отключ[её]н|заблокирован за неуплату)\w*",
        r"(?:сайт|акаўнт|хостынг)[^.]{0,40}(?:прыпынен|адключан)\w*|(?:сайт|акаунт"
        r"|хостинг)[^.]{0,40}(?:призупинен|вимкнен)\w*",
        r"(?:strona|konto|hosting)[^.]{0,40}(?:zawieszon|zablokowan)\w*",
    ),
    match_signature(
        "blocked",
        "a parked domain",
        "text",
        r"(?:this )?domain (?:name )?(?:is|may be|has been) (?:for sale"
        r"|parked|expired|registered at)|buy this domain",
        r"the domain has expired|domain is not connected|there is no website configured at this address",
        r"(?:этот )?домен[^.]{0,40}(?:прода[её]тся|припаркован|не делегирован"
        r"|свободен)|срок (?:регистрации|действия) домена",
        r"дамен[^.]{0,40}(?:прадаецца|прыпаркаваны)"
        r"|домен[^.]{0,40}(?:продається|припарковано)|ta domena jest na sprzedaż",
    ),
    match_signature(
        "blocked",
        "maintenance",
        "text",
        r"(?:under|undergoing|down for|scheduled) maintenance|maintenance mode"
        r"|we.ll be (?:right )?back (?:soon|shortly)",
        r"(?:site|website|service|page) is (?:temporarily"
        r"|currently) (?:unavailable|offline|down)|temporarily out of service",
        r"(?:ведутся|проводятся|идут|проведени\w+)[^.]{0,30}(?:технически"
        r"|профилактически|регламентны)\w+ работ\w*",
        r"(?:сайт|ресурс|сервис|портал)[^.]{0,30}(?:на реконструкции|в разработке"
        r"|временно (?:недоступен|не работает|закрыт))",
        r"(?:вядуцца|праводзяцца|ідуць)[^.]{0,30}тэхнічн\w+ работ\w*|(?:сайт|рэсурс"
        r"|партал)[^.]{0,30}часова (?:недаступ|не прац)\w*",
        r"(?:ведуться|проводяться|тривають)[^.]{0,30}технічн\w+ робот\w*|(?:сайт|ресурс"
        r"|портал)[^.]{0,30}тимчасово (?:недоступ|не прац)\w*",
        r"(?:trwają|prowadzone są)[^.]{0,30}prace (?:techniczne|konserwacyjne)"
        r"|przerwa techniczna|(?:strona|serwis)[^.]{0,30}tymczasowo niedostępn\w+",
    ),
    match_signature(
        "blocked",
        "a broken server",
        "title",
        r"^(?:5\d\d\b|error 5\d\d|(?:http )?status 5\d\d|internal server error|bad gateway"
        r"|service (?:temporarily )?unavailable|gateway time-?out)",
        r"^(?:database error|runtime error|server error)$|^ошибка (?:сервера"
        r"|базы данных|5\d\d)|^памылка сервера|^помилка сервера",
    ),
    match_signature(
        "blocked",
        "a broken server",
        "text",
        r"error establishing a database connection"
        r"|unable to connect to the database|could not connect to (?:the )?database",
        r"(?:fatal|parse) error: [^.]{0,80}|uncaught (?:pdo|mysqli?_sql|error"
        r"|type)\w*exception|server error in '/' application",
        r"there has been a critical error on (?:this|your) website"
        r"|oops, an error occurred!|mysql(?:i)?_connect\(\)",
        r"на сайте (?:возникла|произошла) критическая ошибка"
        r"|ошибка (?:подключения к|соединения с) баз\w+ данных",
        r"памылка злучэння з баз\w+ дад\w+|помилка (?:з[’']єднання"
        r"|встановлення)[^.]{0,30}баз\w+ даних|na stronie wystąpił krytyczny błąd",
    ),
)
