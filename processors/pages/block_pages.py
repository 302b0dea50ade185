"""How pages say no: the marks of protection services and the sentences of refusals, in the languages we meet.

Data for `outcome.classify`. Marks in the markup come from the services' own scripts (names seen in public captures
and code, 2026-11); sentences are those of widespread server, service and provider pages. A sentence is believed
only on a page with little text of its own, since articles quote such sentences; a mark with ``proof`` is believed
anywhere, because no page that shows its content carries it.
"""

import re
from dataclasses import dataclass
from typing import Literal

Place = Literal["markup", "title", "text"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One mark: the value of the outcome it stands for, what it is in words, where it is looked for."""

    outcome: str
    named: str
    place: Place
    pattern: re.Pattern[str]
    proof: bool = False
    words_at_most: int | None = None


def match_signature(
    outcome: str,
    named: str,
    place: Place,
    *alternatives: str,
    proof: bool = False,
    words_at_most: int | None = None,
) -> Sign:
    """One mark, its patterns as alternatives; with ``words_at_most``, none on a page that says more than that."""
    # marks that prove by themselves are sought on every page, and scripts write them in one way
    pattern = re.compile("|".join(alternatives), 0 if proof else re.IGNORECASE)
    return Sign(outcome, named, place, pattern, proof, words_at_most)


# forms for comments bear captchas and many a page's head asks for a password: what says more refuses for neither
_MORE_THAN_A_FORM = 100

CHALLENGES = (
    match_signature(
        "challenge",
        "Cloudflare",
        "markup",
        r"_cf_chl_opt|cf-chl-widget|cf-browser-verification|cf_captcha_kind",
        proof=True,
    ),
    match_signature(
        "challenge",
        "Cloudflare",
        "markup",
        r"""id=[\"']?(?:cf-challenge|challenge-form|challenge-running)""",
        proof=True,
    ),
    match_signature("challenge", "Cloudflare", "markup", r"/cdn-cgi/challenge-platform/h/"),
    match_signature(
        "challenge", "Cloudflare", "title", r"^just a moment|^один момент|attention required!.*cloudflare"
    ),
    match_signature(
        "challenge",
        "DDoS-Guard",
        "markup",
        r"check\.ddos-guard\.net|/\.well-known/ddos-guard/|ddos-guard/js-challenge",
    ),
    match_signature("challenge", "DDoS-Guard", "title", r"^ddos-guard$"),
    match_signature("challenge", "Qrator", "markup", r"/__qrator/|qauth(?:_utm)?(?:_v\d\w*)?\.js"),
    match_signature(
        "challenge", "ServicePipe", "markup", r"servicepipe\.(?:ru|tech)|/exhkqyad|id_captcha_frame_div"
    ),
    match_signature("challenge", "StormWall", "markup", r"stormwall|__js_p_"),
    match_signature("challenge", "Variti", "markup", r"variti\.(?:net|com)|/__variti|ipp_uid|ipp_key"),
    match_signature("challenge", "Imperva", "markup", r"_incapsula_resource|incapsula incident id"),
    match_signature("challenge", "Akamai", "markup", r"sec-if-cpt-container|bm-verify=|/_sec/cp_challenge"),
    match_signature("challenge", "Sucuri", "markup", r"sucuri_cloudproxy_js"),
    match_signature("challenge", "PerimeterX", "markup", r"px-captcha|captcha\.px-cdn\.net"),
    match_signature("challenge", "DataDome", "markup", r"captcha-delivery\.com"),
    match_signature(
        "challenge", "AWS WAF", "markup", r"awswafcookiedomainlist|captcha\.awswaf\.com|token\.awswaf\.com"
    ),
    match_signature(
        "challenge",
        "Yandex SmartCaptcha",
        "markup",
        r"smartcaptcha|/showcaptcha|checkcaptcha|advancedcaptcha",
    ),
    match_signature(
        "challenge", "Anubis", "markup", r"anubis_challenge|/\.within\.website/x/cmd/anubis", proof=True
    ),
    match_signature("challenge", "SiteGround", "markup", r"/\.well-known/(?:sg)?captcha"),
    match_signature("challenge", "Vercel", "title", r"vercel security checkpoint"),
    match_signature("challenge", "BitNinja", "markup", r"bitninja"),
    match_signature(
        "challenge",
        "a captcha",
        "markup",
        r"""class=[\"'][^\"']*\b(?:g-recaptcha|h-captcha|cf-turnstile)\b""",
        words_at_most=_MORE_THAN_A_FORM,
    ),
    match_signature(
        "challenge",
        "a captcha",
        "markup",
        r"<(?:input|img|iframe)[^>]{0,300}captcha",
        words_at_most=_MORE_THAN_A_FORM,
    ),
    match_signature(
        "challenge",
        "a check of the visitor",
        "title",
        r"captcha|капч|security check|проверка безопасности|you.?re not a bot",
    ),
    match_signature(
        "challenge",
        "a check of the visitor",
        "title",
        r"вы не робот|не робот|not a robot|human verification|robot check",
    ),
    match_signature(
        "challenge",
        "a check of the visitor",
        "text",
        r"verify (?:that )?you are (?:a )?human",
        r"(?:confirm|prove|verify|sure)[\w ]{0,20} (?:you are|you're|you’re|you) not a (?:robot|bot)",
        r"checking (?:your browser|if the site connection)|unusual traffic from your computer",
        r"press (?:&|and) hold|enable javascript and cookies to continue",
        r"complete the (?:security check|captcha)|needs to review the security",
        r"(?:подтвердите|докажите|убедиться|убедимся|проверить)[^.]{0,60}(?:не робот|не бот|а не робот"
        r"|человек)",
        r"(?:введите|укажите|впишите)[^.]{0,40}(?:с картинки|с изображения|на картинке|на изображении"
        r"|проверочный код)",
        r"проверочн\w+ код|проверк\w+ (?:вашего )?браузера|проверяем ваш браузер",
        r"защит\w+ от (?:ddos|роботов|ботов)",
        r"(?:пацвердзіце|пераканацца)[^.]{0,60}(?:не робат|не бот|чалавек)",
        r"увядзіце[^.]{0,40}(?:з малюнка|з выявы|на малюнку)|праверк\w+ (?:вашага )?браўзера",
        r"(?:підтвердіть|доведіть|переконатися)[^.]{0,60}(?:не робот|не бот|людина)",
        r"(?:введіть|вкажіть)[^.]{0,40}(?:з картинки|з малюнка|із зображення|на зображенні)",
        r"перевірк\w+ (?:вашого )?(?:браузера|безпеки)",
        r"potwierd\w+[^.]{0,60}(?:nie jesteś robotem|jesteś człowiekiem)|przepisz[^.]{0,30}z obrazka",
        r"sprawdzanie (?:twojej )?przeglądarki|bestätigen sie, dass sie (?:kein roboter|ein mensch)",
        r"vérifi\w+ que vous (?:êtes humain|n'êtes pas un robot)",
    ),
)

RESTRICTIONS = (
    match_signature(
        "restricted",
        "by law",
        "text",
        r"(?:доступ|ресурс|сайт|страниц\w*|информаци\w*)[^.]{0,120}(?:ограничен|заблокирован|закрыт"
        r"|запрещ[её]н)\w*[^.]{0,120}(?:закон|решени\w+|суд\w*|роскомнадзор|министерств|прокуратур"
        r"|мининформ|основани|реестр)",
        r"(?:по решению|по требованию|на основании)[^.]{0,120}(?:доступ|ресурс|сайт)"
        r"[^.]{0,80}(?:ограничен|заблокирован|закрыт)",
        r"доступ[^.]{0,80}(?:абмежаван|заблакаван|забаронен|закрыт)\w*[^.]{0,100}(?:закон|рашэнн\w+"
        r"|суд\w*|міністэрств|міністэрства)",
        r"доступ[^.]{0,80}(?:обмежен|заблокован|заборонен)\w*[^.]{0,100}(?:закон|рішення|суд\w*|указ\w*"
        r"|рнбо)",
        r"unavailable (?:for|due to) legal reasons",
        r"blocked (?:by|due to|under) (?:a )?(?:court order|law|legal)",
        r"in (?:response|compliance) (?:to|with) (?:a )?(?:legal|local law)|violated local laws",
        r"dostęp[^.]{0,60}(?:zablokowan|ograniczon)\w*[^.]{0,80}(?:ustaw|sąd|praw)",
    ),
    match_signature(
        "restricted",
        "by region",
        "text",
        r"(?:not|isn.t|un)\s?available in your (?:country|region|location|area)",
        r"(?:blocked|restricted) in your (?:country|region)",
        r"from (?:a country|countries) (?:belonging to|in|within) the (?:european economic area|eu\b)",
        r"error 1009",
        r"(?:недоступ\w+|не доступ\w+|ограничен\w*|заблокирован\w*)[^.]{0,40}(?:в вашей стране|в вашем"
        r" регионе|на территории|из вашей страны)",
        r"(?:недаступн\w+|абмежаван\w*|заблакаван\w*)[^.]{0,40}(?:у вашай краіне|у вашым рэгіёне)",
        r"(?:недоступн\w+|обмежен\w*|заблокован\w*)[^.]{0,40}(?:у вашій країні|у вашому регіоні|для"
        r" вашого регіону)",
        r"nie ?(?:jest )?dostępn\w+ w twoim (?:kraju|regionie)|in ihrem land nicht verfügbar",
        r"pas disponible dans votre pays",
    ),
)

BLOCKS = (
    match_signature(
        "blocked",
        "Cloudflare",
        "text",
        r"sorry, you have been blocked|error 10(?:06|07|08|10|12|15|20)\b|banned your ip",
    ),
    match_signature(
        "blocked",
        "a firewall",
        "text",
        r"requested url was rejected|your support id is|generated by wordfence",
        r"blocked by (?:the )?(?:security|firewall|waf)",
    ),
    match_signature(
        "blocked",
        "a firewall",
        "title",
        r"access denied|request rejected|website firewall|web application firewall",
    ),
    match_signature(
        "blocked",
        "the server",
        "title",
        r"^(?:403|429|error 403|403 forbidden|forbidden|too many requests)\b",
        r"доступ (?:запрещ[её]н|закрыт|заборонен\w*|забаронен\w*)",
    ),
    match_signature(
        "blocked",
        "the server",
        "text",
        r"access (?:to this (?:page|site|resource) )?(?:has been |is )?denied",
        r"you don.t have permission to access|your (?:ip|access)[^.]{0,60}(?:blocked|limited|banned)",
        r"too many requests|rate limit(?:ed)? exceeded|request (?:has been )?blocked",
        r"automated (?:access|requests)",
        r"доступ (?:к (?:сайту|ресурсу|странице|этой странице) )?(?:запрещ[её]н|закрыт|заблокирован)",
        r"слишком (?:много|часто)[^.]{0,20}запрос\w*|ваш ip[^.]{0,60}(?:заблокирован|запрещ[её]н)",
        r"доступ (?:да \w+ )?(?:забаронены|закрыты)|занадта (?:шмат|часта)[^.]{0,20}запыт\w*",
        r"доступ (?:до \w+ )?(?:заборонено|закрито|заблоковано)|забагато запитів|надто багато запитів",
        r"odmowa dostępu|dostęp zabroniony|zbyt wiele (?:żądań|zapytań)|zugriff verweigert|accès refusé",
    ),
)

MISSING = (
    match_signature(
        "soft_404",
        "the title",
        "title",
        r"\b404\b|(?:page|file|document|post|article) (?:was |is |could )?(?:not|n't)(?: be)? found",
        r"^not found|(?:doesn.t|does not) exist",
        r"(?:страниц|материал|документ|запис|новост)\w* (?:не найден|не существует|удал[её]н)\w*|^не"
        r" найдено",
        r"(?:старонк|матэрыял|дакумент)\w* (?:не знойдзен|не існуе|выдален)\w*|^не знойдзена",
        r"(?:сторінк|матеріал|документ)\w* (?:не знайден|не існує|видален)\w*|^не знайдено",
        r"(?:strona|strony) nie (?:została )?(?:znaleziona|istnieje)|nie znaleziono|seite nicht gefunden",
        r"page introuvable|página no encontrada",
    ),
    match_signature(
        "soft_404",
        "the text",
        "text",
        r"(?:page|article|post|document|content) (?:you (?:are|were) looking for|you requested"
        r"|requested)[^.]{0,60}(?:not|no longer|n.t|removed|moved)",
        r"(?:this|the) (?:page|article|post) (?:does not|doesn.t|no longer) exist",
        r"sorry[^.]{0,40}(?:page|article)[^.]{0,20}(?:not|n.t) (?:be )?found|\bpage not found\b",
        r"\b404[ :—–-]{1,3}(?:not found|page|ошибк|страниц|старонк|сторінк)",
        r"(?:запрашиваем|запрошенн|эт|так)\w* (?:вами )?(?:страниц|материал|документ|новост)\w*"
        r"[^.]{0,40}(?:не найден|не существует|удал[её]н|отсутствует)\w*",
        r"страниц\w* не (?:найден\w*|существует)|ошибка 404|такой страницы (?:нет|не существует)",
        r"материал (?:удал[её]н|не найден)|старонк\w* не (?:знойдзен\w*|існуе)|памылка 404",
        r"такой старонкі няма|матэрыял (?:выдалены|не знойдзены)|сторінк\w* не (?:знайден\w*|існує)",
        r"помилка 404|такої сторінки (?:немає|не існує)|матеріал (?:видалено|не знайдено)",
        r"(?:strona|strony)[^.]{0,40}(?:nie istnieje|nie została znaleziona)|błąd 404",
    ),
)

LOGIN_WALLS = (
    match_signature(
        "login_wall",
        "a form for a password",
        "markup",
        r"""<input[^>]{0,200}type=[\"']?password""",
        words_at_most=_MORE_THAN_A_FORM,
    ),
    match_signature(
        "login_wall",
        "the text",
        "text",
        r"(?:log|sign) ?in (?:to (?:continue|view|see|read|access)|or (?:sign up|register|create))",
        r"you (?:must|need to) (?:be logged|log|sign) ?in|(?:please|you have to) (?:log|sign) ?in",
        r"login (?:is )?required|authentication required|create an account to (?:continue|read|see)",
        r"(?:войдите|авторизуйтесь|зарегистрируйтесь|залогиньтесь)[^.]{0,40}(?:чтобы|для|или)",
        r"(?:необходимо|нужно|требуется)[^.]{0,20}(?:войти|авториз\w+|регистрац\w+)",
        r"(?:увайдзіце|аўтарызуйцеся|зарэгіструйцеся)[^.]{0,40}(?:каб|для|або|ці)",
        r"(?:неабходна|трэба)[^.]{0,20}(?:увайсці|аўтарыз\w+)",
        r"(?:увійдіть|авторизуйтеся|зареєструйтеся)[^.]{0,40}(?:щоб|для|або)",
        r"(?:необхідно|потрібно)[^.]{0,20}(?:увійти|авториз\w+)|zaloguj się[^.]{0,30}(?:aby|żeby|lub)",
        r"musisz się zalogować|melden sie sich an|connectez-vous pour",
    ),
)

CONSENTS = (
    match_signature(
        "consent",
        "a consent form",
        "markup",
        r"""action=[\"']?https?://consent\.|collectconsent|guce\.\w+\.com/|/consent/(?:collect|save)""",
    ),
    match_signature(
        "consent",
        "the title",
        "title",
        r"before you continue|bevor (?:sie|du) (?:fortf|zu )|avant d.accéder",
        r"прежде чем (?:продолжить|перейти)|перш ніж (?:продовжити|перейти)|перш чым працягнуць",
        r"zanim (?:przejdziesz|kontynuujesz)|^(?:cookie|privacy) (?:consent|settings|gate)",
        r"согласие на обработку|privacy gate",
    ),
    match_signature(
        "consent",
        "the text",
        "text",
        r"(?:accept|agree to|reject|manage)[^.]{0,40}(?:all|cookies)[^.]{0,200}(?:reject|manage|more"
        r" options|settings|continue|privacy)",
        r"we (?:and our (?:\d+ )?partners )?(?:use|store|need)[^.]{0,60}cookies",
        r"(?:принять|согласиться|разрешить)[^.]{0,30}(?:все|cookie|куки|файл)",
        r"(?:используем|использует) (?:файлы )?(?:cookie|куки)",
        r"(?:прыняць|дазволіць)[^.]{0,30}(?:усе|cookie|кукі|файл)",
        r"(?:прийняти|дозволити)[^.]{0,30}(?:усі|всі|cookie|файл)|використовуємо (?:файли )?cookie",
        r"(?:zaakceptuj|akceptuję|zgadzam się)[^.]{0,40}(?:wszystk|cookie|przejd)",
        r"wir (?:und unsere partner )?verwenden cookies|alle akzeptieren|tout accepter",
        r"(?:are you|i am|confirm)[^.]{0,30}(?:over|at least) (?:18|21)",
        r"(?:вам|мне) (?:уже )?(?:есть )?(?:исполнилось )?18 лет",
    ),
)

NEEDS_SCRIPTS = re.compile(
    r"(?:enable|turn on|requires?|activate|need)[^.]{0,30}javascript|javascript (?:is )?(?:disabled|required)"
    r"|включите[^.]{0,30}(?:javascript|скрипт)|уключыце[^.]{0,30}javascript|увімкніть[^.]{0,30}javascript|włącz[^.]{0,30}javascript",
    re.IGNORECASE,
)
SETS_COOKIE_AND_RELOADS = re.compile(
    r"document\.cookie\s*=.{0,2000}?(?:location\.(?:reload|href|replace|assign)|location\s*=|\.submit\(\))",
    re.IGNORECASE | re.DOTALL,
)
