"""Which site answers for which host name."""

from samples import notices, trouble
from samples.courts import city, regional
from samples.messages import Site
from samples.news import site as news
from samples.news.articles import IMAGE_HOST
from samples.registers import site as registers
from samples.telegram import files, static
from samples.telegram import site as telegram
from samples.wanted import site as wanted

SITES: dict[str, Site] = {
    "t.me": telegram.answer,
    **dict.fromkeys(files.MEDIA_HOSTS, files.answer),
    static.HOST: static.answer,
    static.MAP_HOST: static.answer_map,
    news.HOST: news.answer,
    news.MIRROR: news.answer,
    news.CONSENT_HOST: news.answer_consent,
    IMAGE_HOST: news.answer_image,
    regional.HOST: regional.answer,
    city.HOST: city.answer,
    wanted.HOST: wanted.answer,
    notices.HOST: notices.answer,
    registers.REGISTER_HOST: registers.answer_register,
    registers.BOARD_HOST: registers.answer_board,
    **trouble.SITES,
}

UNTRUSTED_HOSTS = (trouble.UNTRUSTED,)
MISNAMED_HOSTS = (trouble.MISNAMED,)
HOSTS = tuple(sorted(SITES))


def site_of(host: str) -> Site | None:
    """The site of that host name, or None."""
    return SITES.get(host)
