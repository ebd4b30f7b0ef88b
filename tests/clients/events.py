"""Prints every event of OpenAI's published types of a streamed response, one JSON object a line.

Each string that is no constant holds the placeholder `[SSN_1]`. Where a field may be one of several types
there is an event for each. The types are those of the `openai` package that is installed.
"""

import json
import types
from typing import Annotated, Literal, Union, get_args, get_origin

import pydantic
from openai.types.responses.response_stream_event import ResponseStreamEvent

TEXT = "see [SSN_1] \u00e9"
DEEPEST = 7


def variants(kind):
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        return [variant for part in get_args(kind) for variant in variants(part)]
    return [kind]


def values(kind, name, deep=0):
    """A value of each variant of a type; below the first fields the first variant alone."""
    for variant in variants(kind)[: None if deep < 2 else 1]:
        origin = get_origin(variant)
        if origin is Literal:
            yield get_args(variant)[0]
        elif variant is str:
            yield json.dumps({"a": TEXT}) if name == "arguments" else TEXT
        elif variant is int or variant is float:
            yield 0
        elif variant is bool:
            yield True
        elif origin is list:
            yield [next(values(get_args(variant)[0], name, deep))]
            if deep < 2:
                yield from ([value] for value in values(get_args(variant)[0], name, deep))
        elif origin is dict:
            yield {"key": TEXT}
        elif isinstance(variant, type) and issubclass(variant, pydantic.BaseModel) and deep < DEEPEST:
            yield from objects(variant, deep)


def objects(model, deep):
    fields = model.model_fields
    least = {}
    for name, field in fields.items():
        value = next(values(field.annotation, name, deep + 1), None)
        if value is not None:
            least[field.alias or name] = value
    yield least
    if deep < 2:
        for name, field in fields.items():
            for value in list(values(field.annotation, name, deep + 1))[1:]:
                yield {**least, (field.alias or name): value}


for event in get_args(get_args(ResponseStreamEvent)[0]):
    for value in objects(event, 0):
        if "arguments.delta" in value["type"]:
            value["delta"] = json.dumps({"a": TEXT})
        print(json.dumps(value))
