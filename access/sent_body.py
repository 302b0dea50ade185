"""The JSON value that a program sent, as the model of a route; `access.app` says what is wrong with another."""

from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from access.answers.bodies import Body

Sent = TypeVar("Sent", bound=Body)


def valid_body(model: type[Sent], sent: Any) -> Sent:
    """The value as the model; raises ``RequestValidationError``, which is answered with 422."""
    try:
        return model.model_validate(sent)
    except ValidationError as problem:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in problem.errors()]
        raise RequestValidationError(errors) from problem
