"""Prints a request for every leaf of OpenAI's published request types, one JSON object a line:
{"path", "place": JSON pointer of the leaf, "kind": "text" | "constant" | "key", "body"}.

The types are those of the `openai` package that is installed. Each body holds the required fields
alone, and the fields on the way to its leaf.
"""

import collections.abc
import json
import types
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions
from openai.types import completion_create_params, embedding_create_params, moderation_create_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params

ENDPOINTS = {
    "/v1/chat/completions": chat_params.CompletionCreateParamsNonStreaming,
    "/v1/completions": completion_create_params.CompletionCreateParamsNonStreaming,
    "/v1/embeddings": embedding_create_params.EmbeddingCreateParams,
    "/v1/moderations": moderation_create_params.ModerationCreateParams,
    "/v1/responses": response_create_params.ResponseCreateParamsNonStreaming,
}
WRAPPERS = (Annotated, typing_extensions.Required, typing_extensions.NotRequired)


def bare(kind):
    while get_origin(kind) in WRAPPERS:
        kind = get_args(kind)[0]
    return kind


def variants(kind):
    kind = bare(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return [variant for part in get_args(kind) for variant in variants(part)]
    return [kind]


def is_list(kind):
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, collections.abc.Iterable) and not is_map(kind)


def is_map(kind):
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, collections.abc.Mapping)


def is_required(kind):
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_origin(kind) is typing_extensions.Required


def fields(kind):
    return get_type_hints(kind, include_extras=True)


def least(kind):
    """The smallest value of a type."""
    kind = variants(kind)[0]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if typing_extensions.is_typeddict(kind):
        # Annotations are strings in those files, so the class itself does not know its required keys.
        return {key: least(value) for key, value in fields(kind).items() if is_required(value)}
    if is_list(kind):
        return [least(get_args(kind)[0])]
    if is_map(kind):
        return {}
    return {str: "x", int: 1, float: 1, bool: True}.get(kind)


def leaves(kind, above=()):
    """(value, pointer, kind of leaf) for every leaf of a type."""
    for variant in variants(kind):
        if get_origin(variant) is Literal:
            for word in get_args(variant):
                if isinstance(word, str):
                    yield word, "", "constant"
        elif variant in (str, object):
            yield "x", "", "text"
        elif typing_extensions.is_typeddict(variant):
            if above.count(variant) > 1:
                continue
            required = least(variant)
            for key, inner in fields(variant).items():
                for value, place, leaf in leaves(inner, (*above, variant)):
                    yield {**required, key: value}, f"/{key}{place}", leaf
        elif is_map(variant):
            for value, place, leaf in leaves(get_args(variant)[1], above):
                yield {"key": value}, f"/key{place}", leaf
        elif is_list(variant):
            for value, place, leaf in leaves(get_args(variant)[0], above):
                yield [value], f"/0{place}", leaf


for path, params in ENDPOINTS.items():
    seen = set()
    for body, place, leaf in leaves(params):
        value = body
        for step in place.split("/")[1:]:
            value = value[int(step) if isinstance(value, list) else step]
        if path == "/v1/responses":
            # Not required, since a stored prompt may stand for it.
            body.setdefault("input", "x")
        # What leads to the same leaf with the same siblings is seen once.
        if (place, leaf, value) not in seen:
            seen.add((place, leaf, value))
            print(json.dumps({"path": path, "place": place, "kind": leaf, "body": body}))
