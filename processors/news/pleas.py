"""Lines of a page that lead elsewhere or ask for something, told by how they begin, in the languages we meet."""

import re

_PLEA = re.compile(
    r"^(?:[-–—>»\s]*)(?:read (?:more|also|next)|see also|related(?: stories| articles| topics)?"
    r"|more on this|more from|also read|sign up|subscribe|follow (?:us|\w+ on)"
    r"|share (?:this|on)|advertisement|click here|download (?:the|our) app|join (?:our|us)"
    r"|continue reading|most read|watch(?::| more)"
    r"|читайте (?:также|ещ[её]|нас|далее)|чита[йт]\w* (?:по теме)|смотрите также|подпи(?:шитесь|сывайтесь"
    r"|сывайся)|поделиться|по теме|реклама|больше новостей|присоединяйтесь|наш (?:телеграм|telegram)"
    r"|материалы по теме|фото по теме"
    r"|чытайце (?:таксама|яшчэ|нас)|глядзіце таксама|падпі(?:шыцеся|свайцеся)|падзяліцца|па тэме|рэклама"
    r"|далучайцеся"
    r"|читайте (?:також|ще)|дивіться також|підпи(?:шіться|суйтесь|суйтеся)|поділитися|за темою|приєднуйтесь"
    r"|czytaj (?:też|także|również|więcej)|zobacz (?:też|także|również)|przeczytaj|reklama|udostępnij|obserwuj nas"
    r"|mehr (?:zum thema|dazu|lesen)|lesen sie (?:auch|mehr|hier)|hier finden sie|das könnte sie auch"
    r"|lire aussi|à lire|voir aussi|il vous reste"
    r"|lee también|te puede interesar|más información|leggi anche|ti potrebbe|leia (?:mais|também)"
    r"|læs også|läs (?:mer|också)|les også|lees ook)\b",
    re.IGNORECASE,
)
_WORDS_AT_MOST = 25


def is_plea(line: str) -> bool:
    """Whether a whole line asks to read, watch, follow or share something else."""
    return len(line.split()) <= _WORDS_AT_MOST and _PLEA.search(line) is not None
