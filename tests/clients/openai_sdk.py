"""OpenAI's own Python package against the gateway: another base_url, and nothing else."""

import asyncio
import json
import os

import openai
from pydantic import BaseModel

NOTE, PATIENT = os.environ["NOTE"], os.environ["PATIENT"]
options = {"base_url": os.environ["BASE_URL"], "api_key": os.environ["KEY"]}
client = openai.OpenAI(**options)
said = [{"role": "user", "content": NOTE}]
TOOL = {
    "name": "look_up",
    "description": f"finds the record of {PATIENT}",
    "parameters": {"type": "object", "properties": {"patient": {"type": "string"}}},
}


class Summary(BaseModel):
    patient: str
    summary: str


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def raises(kind, code, call):
    try:
        call()
    except openai.APIError as error:
        assert type(error) is kind, repr(error)
        same(error.code, code)
        return error
    raise AssertionError(f"no {kind.__name__}")


def chat(**fields):
    return client.chat.completions.create(**{"model": "gpt-4o", "messages": said, **fields})


# Chat, whole.
reply = chat(n=2, stop=[PATIENT], user=PATIENT, seed=7, metadata={"who": PATIENT})
same([choice.message.content for choice in reply.choices], [NOTE, NOTE])
same(reply.usage.total_tokens, 21)
same(reply.system_fingerprint, "fp_1")
raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=said)
assert "NAME=" in raw.headers["x-deid-entities"], raw.headers
assert raw.request_id == raw.headers["x-request-id"]
parts = [{"role": "user", "content": [{"type": "text", "text": NOTE}, {"type": "text", "text": "?"}]}]
chat(messages=parts)

# Streams.
chunks = list(chat(stream=True, stream_options={"include_usage": True}))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
same(text, NOTE)
same(chunks[-1].usage.total_tokens, 21)
same([chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1], "stop")
with client.chat.completions.stream(model="gpt-4o", messages=said, n=2) as stream:
    same([choice.message.content for choice in stream.get_final_completion().choices], [NOTE, NOTE])

# Tools, there and back, whole and streamed.
tools = [{"type": "function", "function": TOOL}]
message = chat(tools=tools, tool_choice="auto").choices[0].message
call = message.tool_calls[0]
same(json.loads(call.function.arguments), {"patient": PATIENT, "note": 'he said "hi"'})
result = json.dumps({"patient": PATIENT, "mrn": 44710093})
history = [*said, message, {"role": "tool", "tool_call_id": call.id, "content": result}]
same(json.loads(chat(tools=tools, messages=history).choices[0].message.content)["patient"], PATIENT)
with client.chat.completions.stream(model="gpt-4o", messages=said, tools=tools) as stream:
    streamed = stream.get_final_completion().choices[0].message.tool_calls[0]
same(streamed.function.arguments, call.function.arguments)

# Structured output, whole and streamed.
parsed = client.chat.completions.parse(model="gpt-4o", messages=said, response_format=Summary)
same(parsed.choices[0].message.parsed, Summary(patient=PATIENT, summary=NOTE))
with client.chat.completions.stream(model="gpt-4o", messages=said, response_format=Summary) as stream:
    same(stream.get_final_completion().choices[0].message.parsed.summary, NOTE)

# Responses.
same(client.responses.create(model="gpt-4o", input=NOTE).output_text, NOTE)
items = [{"role": "user", "content": [{"type": "input_text", "text": NOTE}]}]
same(client.responses.create(model="gpt-4o", instructions=f"About {PATIENT}", input=items).output_text, NOTE)
events = list(client.responses.create(model="gpt-4o", input=NOTE, stream=True))
same("".join(event.delta for event in events if event.type == "response.output_text.delta"), NOTE)
same(events[-1].response.output_text, NOTE)
with client.responses.stream(model="gpt-4o", input=NOTE, text_format=Summary) as stream:
    same(stream.get_final_response().output_parsed, Summary(patient=PATIENT, summary=NOTE))
tool = {"type": "function", "strict": False, **TOOL}
response = client.responses.create(model="gpt-4o", input=NOTE, tools=[tool])
call = response.output[0]
same(json.loads(call.arguments), {"patient": PATIENT})
output = {"type": "function_call_output", "call_id": call.call_id, "output": NOTE}
history = [{"role": "user", "content": NOTE}, *response.output, output]
same(client.responses.create(model="gpt-4o", input=history, tools=[tool]).output_text, NOTE)
with client.responses.stream(model="gpt-4o", input=NOTE, tools=[tool]) as stream:
    same(json.loads(stream.get_final_response().output[0].arguments), {"patient": PATIENT})
# A whole reply goes back in as it came out.
first = client.responses.create(model="gpt-4o", input=NOTE)
history = [{"role": "user", "content": NOTE}, *first.output, {"role": "user", "content": NOTE}]
same(client.responses.create(model="gpt-4o", input=history).output_text, NOTE)

# The rest.
same(client.completions.create(model="m", prompt=NOTE).choices[0].text, NOTE)
same("".join(c.choices[0].text for c in client.completions.create(model="m", prompt=NOTE, stream=True)), NOTE)
vectors = client.embeddings.create(model="text-embedding-3-small", input=[NOTE, "hi"]).data
same([vector.embedding for vector in vectors], [[0.5, -1.0], [0.5, -1.0]])
same(client.moderations.create(input=NOTE).results[0].flagged, False)
same([model.id for model in client.models.list()], ["gpt-4o"])

# Errors are the package's own classes.
stranger = openai.OpenAI(base_url=options["base_url"], api_key="nobody")
raises(openai.AuthenticationError, "invalid_gateway_key", lambda: stranger.models.list())
raises(openai.BadRequestError, "invalid_request", lambda: chat(temperature=9))
same(raises(openai.BadRequestError, "invalid_request", lambda: chat(messages=[])).param, "messages")
image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]
raises(openai.BadRequestError, "unsupported_content", lambda: chat(messages=image))
raises(
    openai.BadRequestError, "invalid_request",
    lambda: client.responses.create(model="m", input="hi", previous_response_id="resp_1"),
)
raises(openai.BadRequestError, "unsupported_content", lambda: client.embeddings.create(model="m", input=[1, 2]))
raises(openai.BadRequestError, "invalid_openai_key", lambda: chat(model="fault-401"))
unknown = raises(openai.NotFoundError, "model_not_found", lambda: chat(model="fault-404"))
assert NOTE in unknown.message and unknown.request_id, unknown
raises(openai.NotFoundError, "not_found", lambda: client.post("/assistants", cast_to=object, body={"name": NOTE}))
once = client.with_options(max_retries=0)
limited = lambda: once.chat.completions.create(model="fault-429", messages=said)
raises(openai.RateLimitError, "upstream_rate_limited", limited)
failing = lambda: once.chat.completions.create(model="fault-500", messages=said)
raises(openai.InternalServerError, "upstream_error", failing)
raises(openai.APIError, "upstream_error", lambda: list(chat(model="cut", stream=True)))

# Retries wait as long as they are told to.
same(chat(model="busy").choices[0].message.content, NOTE)


async def many():
    other = openai.AsyncOpenAI(**options)

    async def one(number):
        text = f"Patient {PATIENT}, visit number {number}"
        stream = await other.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": text}], stream=True
        )
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        same("".join(pieces), text)

    await asyncio.gather(*(one(number) for number in range(20)))


asyncio.run(many())
print("done")
