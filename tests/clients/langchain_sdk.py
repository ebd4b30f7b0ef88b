"""LangChain's ChatOpenAI and OpenAIEmbeddings against the gateway."""

import asyncio
import os

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

NOTE, PATIENT = os.environ["NOTE"], os.environ["PATIENT"]
options = {"base_url": os.environ["BASE_URL"], "api_key": os.environ["KEY"]}


class Summary(BaseModel):
    """A summary of a note."""

    patient: str
    summary: str


@tool
def look_up(patient: str) -> str:
    """Finds the record of a patient."""
    return f"The record of {patient}, MRN: 44710093"


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


async def streamed():
    # Its clients are kept for the loop they were made in, so one loop does.
    for responses in (False, True):
        model = ChatOpenAI(model="gpt-4o", use_responses_api=responses, **options)
        same("".join([chunk.text async for chunk in model.astream(NOTE)]), NOTE)


asyncio.run(streamed())
for responses in (False, True):
    model = ChatOpenAI(model="gpt-4o", use_responses_api=responses, **options)
    same(model.invoke(NOTE).text, NOTE)
    same("".join(chunk.text for chunk in model.stream(NOTE)), NOTE)

    same([reply.text for reply in model.batch([NOTE, f"Patient: {PATIENT}"])], [NOTE, f"Patient: {PATIENT}"])

    # A tool, there and back.
    bound = model.bind_tools([look_up])
    asked = bound.invoke([HumanMessage(NOTE)])
    call = asked.tool_calls[0]
    same(call["args"]["patient"], PATIENT)
    result = look_up.invoke({"patient": call["args"]["patient"]})
    told = bound.invoke([HumanMessage(NOTE), asked, ToolMessage(result, tool_call_id=call["id"])])
    same(told.text, f"The record of {PATIENT}, MRN: 44710093")
    gathered = None
    for chunk in bound.stream([HumanMessage(NOTE)]):
        gathered = chunk if gathered is None else gathered + chunk
    same(gathered.tool_calls[0]["args"]["patient"], PATIENT)

    same(model.with_structured_output(Summary).invoke(NOTE), Summary(patient=PATIENT, summary=NOTE))

# Without this option LangChain sends token numbers, which nobody can read.
embedder = OpenAIEmbeddings(check_embedding_ctx_length=False, **options)
same(embedder.embed_query(NOTE), [0.5, -1.0])

for name, kind in (("fault-404", openai.NotFoundError), ("fault-429", openai.RateLimitError)):
    try:
        ChatOpenAI(model=name, max_retries=0, **options).invoke(NOTE)
    except kind:
        continue
    raise AssertionError(f"no {kind.__name__}")
same(ChatOpenAI(model="busy", **options).invoke(NOTE).text, NOTE)
print("done")
