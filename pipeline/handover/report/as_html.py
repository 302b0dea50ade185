"""A report as one HTML file: no script, no address that is loaded or can be followed, pictures inside.

In: a `ReportDocument`. Out: UTF-8 bytes, the same for the same document. Every text is escaped by the template;
the file's own policy (CSP level 3) allows its one style sheet by digest and pictures inside it, and nothing else.
Links lead only to other places in the file.
"""

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.handover.report.document import ReportDocument

HERE: Final = Path(__file__).parent


def report_html(document: ReportDocument) -> bytes:
    """The whole file."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode("ascii")
    style = (HERE / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # the style sheet is our own file, and escaped its digest would be another
    page = environment.get_template("report.html").render(
        document=document,
        policy=Markup(policy),  # noqa: S704 - made above of our own words alone
        style=Markup(style),  # noqa: S704 - as above
    )
    return page.strip().encode("utf-8") + b"\n"
