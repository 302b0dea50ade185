"""Templates of the sample sites, filled in."""

from functools import lru_cache
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def templates() -> jinja2.Environment:
    """The environment all templates share: everything escaped, an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )


def page(template: str, **values: object) -> str:
    """The template of that name with its values."""
    return templates().get_template(template).render(**values)
