"""The description of the JSON API as an OpenAPI document, and the same as rows for a page.

In: the routes below ``/api``, with their roles. Out: a JSON-ready document (OpenAPI 3.1), or `DescribedRoute`s. It
is handed out to users only; nothing of it comes from elsewhere, and no asset of another host is needed to read it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from access.answers.bodies import BODIES
from access.route_roles import role_of_route
from access.scopes import scope_of_role

DESCRIPTION: Final = (
    "The archive for programs: the same answers as on its pages, with the same rights. Send a token that you have "
    "made on the page Tokens as `Authorization: Bearer lta_...`; a session of the host's own login counts, too. "
    "Lists come in pages: ask again with `offset` set to `next_offset` until that is null. Absent is `null` or an "
    "empty list, times are ISO 8601 in UTC, and keys that end in `_raw` hold the source's own words. Keys may be "
    "added; none is removed."
)

API_PREFIX: Final = "/api/"


def openapi_document(routes: Iterable[Any]) -> dict[str, Any]:
    """The document, without ``servers``: where an app is mounted, its requests say."""
    described = [route for route in routes if isinstance(route, APIRoute) and route.path.startswith(API_PREFIX)]
    document = get_openapi(
        title="Letapis archive",
        version=version("letapis"),
        description=DESCRIPTION,
        routes=described,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for body in BODIES:
        schemas[body.__name__] = body.model_json_schema(ref_template="#/components/schemas/{model}")
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token made on the page Tokens."}
    }
    document["security"] = [{"token": []}]
    for route in described:
        for method in route.methods:
            role = role_of_route(method, route.path)
            operation = document["paths"].get(route.path, {}).get(method.lower())
            if operation is None:
                continue
            # headers and cookies are how the host knows its user, and none of our parameters
            asked = [each for each in operation.get("parameters", ()) if each["in"] in ("path", "query")]
            operation |= {"parameters": asked}
            operation.pop("security", None)
            if role is not None:
                operation["x-role"] = role.name.lower()
                operation["x-scope"] = scope_of_role(role)
    return document


@dataclass(frozen=True, slots=True)
class DescribedField:
    """A parameter of a route, or a key of an answer."""

    name: str
    form: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class DescribedRoute:
    """One route as a person reads it; ``answer`` and ``body`` are names of models, None where there is none."""

    method: str
    path: str
    name: str
    tag: str
    description: str
    role: str
    scope: str
    parameters: tuple[DescribedField, ...]
    body: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class DescribedModel:
    """An object that is sent or answered, with its keys."""

    name: str
    description: str
    fields: tuple[DescribedField, ...]


def described_routes(document: Mapping[str, Any]) -> list[DescribedRoute]:
    """Every route of the document, in its order."""
    return [
        DescribedRoute(
            method=method.upper(),
            path=path,
            name=re.sub(r"\W+", "-", f"{method}{path}").strip("-"),
            tag=operation.get("tags", ["Archive"])[0],
            description=operation.get("description", ""),
            role=operation.get("x-role", ""),
            scope=operation.get("x-scope", ""),
            parameters=tuple(
                DescribedField(
                    each["name"],
                    form_of(each.get("schema", {})),
                    each.get("required", False),
                    each.get("description", ""),
                )
                for each in operation.get("parameters", ())
            ),
            body=_model_in(operation.get("requestBody", {})),
            answer=_answer_of(operation["responses"]),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def described_models(document: Mapping[str, Any]) -> list[DescribedModel]:
    """Every object of the document, by name."""
    return [
        DescribedModel(name, schema.get("description", ""), tuple(_keys_of(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def _keys_of(schema: Mapping[str, Any]) -> Iterator[DescribedField]:
    for key, value in schema.get("properties", {}).items():
        required = key in schema.get("required", ())
        yield DescribedField(key, form_of(value), required, value.get("description", ""))


def form_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, such as ``list of CaptureRow`` or ``text or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(form_of(each) for each in schema["anyOf"]))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{each}"' for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {form_of(schema.get('items', {}))}"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
    kind = str(schema.get("type", "any value"))
    formats = {"date-time": "time", "date": "day", "binary": "bytes"}
    return formats.get(schema.get("format", ""), words.get(kind, kind))


def _answer_of(responses: Mapping[str, Any]) -> str | None:
    return next((_model_in(responses[status]) for status in ("200", "201") if status in responses), None)


def _model_in(part: Mapping[str, Any]) -> str | None:
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema["$ref"]).rpartition("/")[2] if "$ref" in schema else None
