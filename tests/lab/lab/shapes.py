"""Types of request members, from AWS's own service model: what does not fit never reaches an operation. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import Shape

from lab.errors import AwsError
from lab.model import Json

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


@lru_cache(maxsize=1)
def _inputs() -> dict[str, Shape | None]:
    model = botocore.session.Session().get_service_model("cloudtrail")
    return {name: model.operation_model(name).input_shape for name in model.operation_names}


def check(operation: str, body: Json) -> None:
    """Members that are null count as absent, members nobody knows are ignored, as AWS does."""
    shape = _inputs().get(operation)
    if shape is not None:
        _check(shape, body, operation)


def _check(shape: Shape, value: Any, path: str) -> None:
    allowed = _TYPES.get(shape.type_name)
    if allowed is not None and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
        raise AwsError("SerializationException", f"{path} must be of type {shape.type_name}.")
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _check(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            _check(shape.member, item, f"{path}[{number}]")
