"""The shapes of the leak campaign's requests: where in which endpoint's body a text stands."""

import json


def shapes(texts, value, chance):
    """(path, body) of a request with these texts, in a shape chosen by chance. `value` is a plain one of theirs."""
    text = "\n".join(texts)
    schema = {"type": "object", "properties": {"q": {"type": "string", "description": text, "enum": texts, "default": texts[0]}}}
    tool = {"name": "note", "description": text, "parameters": schema}
    inner = json.dumps({"again": text, "list": json.dumps([text])})
    nested = json.dumps({"note": text, "more": [{"deep": {"er": text}}], "inner": inner})
    lines = "\n".join(json.dumps({"n": number, "note": one}) for number, one in enumerate(texts))
    parts = lambda kind: [{"type": kind, "text": part} for part in texts]
    call = {"id": "c1", "type": "function", "function": {"name": "note", "arguments": nested}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "note", "input": text}}
    long = [{"role": ("user", "assistant")[n % 2], "content": f"Turn {n}. " + texts[n % len(texts)]} for n in range(12)]
    user = lambda content, **more: [{"role": "user", "content": content, **more}]
    assistant = lambda **more: {"role": "assistant", "content": None, **more}
    chat = lambda messages, **more: ("/v1/chat/completions", {"model": "gpt-4o", "messages": messages, **more})
    responses = lambda items, **more: ("/v1/responses", {"model": "m", "input": items, **more})
    return chance.choice([
        lambda: chat(user(text)),
        lambda: chat([{"role": chance.choice(["system", "developer"]), "content": text}, *user("hi")]),
        lambda: chat(user(parts("text"))),
        lambda: chat(long),
        lambda: chat([*user("hi"), assistant(tool_calls=[call, custom]), {"role": "tool", "tool_call_id": "c1", "content": nested}, {"role": "tool", "tool_call_id": "c2", "content": parts("text")}]),
        lambda: chat([*user("hi"), assistant(function_call={"name": "note", "arguments": nested}), {"role": "function", "name": "note", "content": lines}]),
        lambda: chat([*user("hi"), assistant(refusal=text), *user("why?")]),
        lambda: chat(user("hi"), tools=[{"type": "function", "function": tool}]),
        lambda: chat(user("hi"), functions=[tool]),
        lambda: chat(user("hi"), tools=[{"type": "custom", "custom": {"name": "note", "description": text, "format": {"type": "text"}}}]),
        lambda: chat(user("hi"), response_format={"type": "json_schema", "json_schema": {"name": "n", "description": text, "schema": schema}}),
        lambda: chat(user("hi"), user=text, metadata={"note": text}, stop=[texts[0]], safety_identifier=text, prompt_cache_key=text, prediction={"type": "content", "content": parts("text")}),
        lambda: chat(user("hi"), web_search_options={"user_location": {"type": "approximate", "approximate": {"city": text}}}),
        lambda: chat(user("hi"), x_new_field={"deep": [text, {"a": text}]}),
        # Keys are text, too.
        lambda: chat(user("hi"), metadata={value: "x"}, x_new_field={value: {"a": 1}}),
        lambda: chat(user(json.dumps({"patients": {value: {"note": text}}}))),
        lambda: chat(user("Here it is:\n```json\n" + nested + "\n```\nWhat now?")),
        lambda: chat(user(lines)),
        # One that was cut off is no JSON any more.
        lambda: chat(user(nested[: nested.index(text.splitlines()[0][-8:]) + len(text)] if text.splitlines()[0][-8:] in nested else nested[:-3])),
        lambda: chat(user("---\n" + "\n".join(f"field_{number}: {one}" for number, one in enumerate(texts)))),
        lambda: chat(user(f"<table><tr><td>{'</td><td>'.join(texts)}</td></tr></table>")),
        lambda: chat(user("<note>" + "".join(f"<line n=\"{number}\">{one}</line>" for number, one in enumerate(texts)) + "</note>")),
        lambda: chat(user("| " + " | ".join(texts) + " |")),
        lambda: chat(user("\n".join(f"- {one}" for one in texts))),
        lambda: chat(user("> " + text.replace("\n", "\n> "))),
        lambda: chat(user(",".join(f'"{one}"' for one in texts))),
        lambda: ("/v1/completions", {"model": "m", "prompt": [text, texts[0]], "suffix": text}),
        lambda: ("/v1/embeddings", {"model": "m", "input": texts, "user": text}),
        lambda: ("/v1/moderations", {"input": chance.choice([text, texts, parts("text")])}),
        lambda: ("/v1/deidentify", {"text": text}),
        lambda: responses(text, instructions=text),
        lambda: responses([{"role": "user", "content": parts("input_text")}, {"type": "function_call_output", "call_id": "c", "output": nested}]),
        lambda: responses([{"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}, {"role": "user", "content": "go on"}]),
        lambda: responses([{"type": "function_call", "call_id": "c", "name": "note", "arguments": nested}, {"type": "function_call_output", "call_id": "c", "output": parts("input_text")}]),
        lambda: responses([{"type": "custom_tool_call", "call_id": "c", "name": "note", "input": text}, {"type": "custom_tool_call_output", "call_id": "c", "output": text}]),
        lambda: responses([{"type": "shell_call", "call_id": "c", "action": {"commands": texts}}, {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": text, "stderr": texts[0], "outcome": {"type": "exit", "exit_code": 0}}]}]),
        lambda: responses([{"type": "local_shell_call", "id": "l", "call_id": "c", "status": "completed", "action": {"type": "exec", "command": texts, "env": {"NOTE": text}}}, {"type": "local_shell_call_output", "id": "l", "output": text}]),
        lambda: responses([{"type": "code_interpreter_call", "id": "ci", "code": text, "outputs": [{"type": "logs", "logs": text}]}]),
        lambda: responses([{"type": "file_search_call", "id": "f", "status": "completed", "queries": texts, "results": [{"text": text, "filename": texts[0], "attributes": {"note": text}}]}]),
        lambda: responses([{"type": "mcp_call", "id": "m", "name": "note", "server_label": "s", "arguments": nested, "output": text, "error": text}]),
        lambda: responses([{"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text}], "content": [{"type": "reasoning_text", "text": text}]}, {"role": "user", "content": "hi"}]),
        lambda: responses([{"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": text}}, {"role": "user", "content": "hi"}]),
        lambda: responses("hi", tools=[{"type": "function", "name": "note", "description": text, "parameters": schema, "strict": True}], metadata={"note": text}),
        lambda: responses("hi", text={"format": {"type": "json_schema", "name": "n", "description": text, "schema": schema}}),
        lambda: ("/v1/responses", {"model": "m", "prompt": {"id": "pmpt_1", "variables": {"note": text, "part": {"type": "input_text", "text": text}}}}),
        # What is refused must not be quoted either.
        lambda: chat([{"role": text, "content": text}]),
        lambda: chat(user(text), temperature=text),
        lambda: chat(user([{"type": "image_url", "image_url": {"url": text}}])),
        lambda: responses([{"type": text, "content": text}]),
        lambda: ("/v1/" + "x", {"text": text}),
    ])()


def cut(text, value, chance):
    """Two texts, and what of the value each of them holds."""
    at = chance.randrange(1, len(value))
    start = text.index(value)
    return [text[: start + at], text[start + at :]], [value[:at], value[at:]]


def seams(pieces, chance):
    """A request in which these are texts that the model reads one after the other."""
    part = lambda kind: [{"type": kind, "text": piece} for piece in pieces]
    roles = chance.choice([["user", "user"], ["user", "assistant"], ["assistant", "user"]])
    messages = [{"role": role, "content": piece} for role, piece in zip(roles, pieces)]
    chat = lambda messages: ("/v1/chat/completions", {"model": "m", "messages": messages})
    responses = lambda items: ("/v1/responses", {"model": "m", "input": items})
    return chance.choice([
        lambda: chat([{"role": "user", "content": part("text")}]),
        lambda: chat(messages),
        lambda: chat([{"role": "user", "content": "hi"}, {"role": "assistant", "content": pieces[0]}, {"role": "tool", "tool_call_id": "c", "content": pieces[1]}]),
        lambda: responses([{"role": "user", "content": part("input_text")}]),
        lambda: responses(messages),
    ])()


def read_together(record):
    """The texts of a request as a model may read them, once without and once with a gap between them."""
    body = json.loads(record.rsplit("\n", 1)[1])
    messages = body.get("messages") or body.get("input")
    texts = []
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        texts += [part.get("text") or "" for part in parts if isinstance(part, dict)]
    return "".join(texts) + "\n" + " ".join(texts)
