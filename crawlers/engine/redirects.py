"""Redirects as browsers follow them: the address of ``Location`` is neither normalised nor filtered as a repeat.

Setting: ``REDIRECT_MAX_TIMES``, Scrapy's own. A redirect counts with the page that it began with.
"""

import scrapy
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from processors.urls import resolve_location

LONGEST_SHOWN = 100
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class TooManyRedirects(IgnoreRequest):
    """A page is behind more redirects than are followed."""


class RedirectNotFollowed(IgnoreRequest):
    """A redirect leads to no address that a browser would go to; the text says where it leads."""


class ExactRedirectMiddleware(RedirectMiddleware):
    """Scrapy's redirect middleware with the resolver of `processors.urls`."""

    def process_response(
        self, request: scrapy.Request, response: Response, spider: scrapy.Spider | None = None
    ) -> scrapy.Request | Response:
        """The request for where a redirect leads, or the response itself where it is none.

        Raises `RedirectNotFollowed`: a browser goes to no other scheme, and to none of two addresses.
        """
        locations = list(dict.fromkeys(response.headers.getlist("Location")))
        if not locations or response.status not in REDIRECT_STATUSES or request.meta.get("dont_redirect"):
            return response
        if len(locations) > 1:
            named = " and ".join(map(_shown, locations))
            raise RedirectNotFollowed(f"status {response.status} leads to two addresses: {named}")
        address = resolve_location(response.url, locations[0])
        if address is None:
            named = _shown(locations[0])
            raise RedirectNotFollowed(f"status {response.status} leads to {named}, which is no web address")
        verbatim = request.replace(meta={**request.meta, "verbatim_url": True})
        if (response.status in (301, 302) and request.method == "POST") or (
            response.status == 303 and request.method not in ("GET", "HEAD")
        ):
            redirected = self._redirect_request_using_get(verbatim, response, address)
        else:
            redirected = self._build_redirect_request(verbatim, response, url=address)
        try:
            return self._redirect(redirected, request, response.status)
        except IgnoreRequest as error:
            raise TooManyRedirects(f"more than {self.max_redirect_times} redirects") from error


def _shown(location: bytes) -> str:
    """The field's value for a sentence, shortened."""
    text = location.decode("utf-8", "replace")
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "...")
