"""Articles of the law named in a text, as codes that can be searched.

In: the source's wording (``ч. 1 ст. 342 УК``, ``ст.205.1 ч.1.1 УК РФ``, ``арт. 342 КК``, ``art. 178 § 1
k.k.``). Out: each once, in order, article first, then part, then the law's abbreviation as written: ``342 ч.1
УК``.
"""

import re

_NUMBER = r"\d{1,4}(?:[.\-]\d{1,3})*[a-zа-я]?(?![^\W_])"
_PART = re.compile(
    rf"(?:ч(?:\.|аст\w*|\b)|п(?:\.|ункт\w*)|§|ust\.?|par\.?|s(?:ection)?\.?)\s*({_NUMBER})", re.IGNORECASE
)
_ARTICLE = re.compile(
    rf"(?:(?P<before>(?:ч\.?|част[ьі]\w*|частк\w+)\s*{_NUMBER}(?:\s*[,и]\s*{_NUMBER})*)\s*,?\s*)?"
    rf"(?<![^\W\d_])(?:ст(?:\.|\.ст\.|ать[ияеёй]\w*|атт\w+|\b)|арт(?:\.|ыкул\w*|\b)|art(?:\.|\b|icles?)"
        rf"|s(?:ection|\.)(?=\s*\d))\s*"
    rf"(?P<numbers>{_NUMBER}(?:\s*(?:,|и|і|та|i|and|oraz)\s*(?:(?:ст|арт|art)\.?\s*)?{_NUMBER})*)"
    rf"(?P<after>(?:\s*,?\s*(?:ч\.?|част\w+|частк\w+|п\.|пункт\w*|§|ust\.?)\s*{_NUMBER})*)"
    rf"\s*(?P<law>(?:УПК|УК|КоАП|ПИКоАП|ГПК|ГК|КАС|АПК|КПК|КК|КУпАП|КпАП|КаАП|ГК|k\.?\s?p\.?\s?k\.?"
        rf"|k\.?\s?k\.?|k\.?\s?c\.?|k\.?\s?w\.?)(?:\s+(?:РФ|РБ|РК|України|Украины|Республики Беларусь"
        rf"|Рэспублікі Беларусь))?)?(?![^\W\d_])",
    re.IGNORECASE,
)  # fmt: skip
_LONGEST = 4_000
_MOST = 40


def article_codes(text: str | None) -> tuple[str, ...]:
    """Codes of all articles named; the law named after the last of several holds for those before it."""
    if not text:
        return ()
    found: list[tuple[str, str]] = []
    for match in _ARTICLE.finditer(text[:_LONGEST]):
        parts = _PART.findall(match.group("before") or "") + _PART.findall(match.group("after") or "")
        tail = "".join(f" ч.{part}" for part in parts)
        if "§" in (match.group("after") or ""):
            tail = tail.replace("ч.", "§")
        numbers = re.findall(_NUMBER, match.group("numbers"))
        law = " ".join((match.group("law") or "").split())
        for place, number in enumerate(numbers):
            # a part said before belongs to the article it stands at, one said after to the last
            place_of_part = 0 if match.group("before") else len(numbers) - 1
            found.append((number + (tail if place == place_of_part else ""), law))
    codes: list[str] = []
    known_law = ""
    for code, law in reversed(found):
        known_law = law or known_law
        codes.append(f"{code} {known_law}".strip())
    return tuple(dict.fromkeys(reversed(codes)))[:_MOST]
