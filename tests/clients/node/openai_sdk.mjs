// OpenAI's own Node package against the gateway: another baseURL, and nothing else.
import assert from "node:assert/strict";
import OpenAI from "openai";

const { BASE_URL: baseURL, KEY: apiKey, NOTE, PATIENT } = process.env;
const client = new OpenAI({ baseURL, apiKey });
const model = "gpt-4o";
const messages = [{ role: "user", content: NOTE }];
const tool = {
  name: "look_up",
  description: `finds the record of ${PATIENT}`,
  parameters: { type: "object", properties: { patient: { type: "string" } } },
};
const chat = (fields, options) => client.chat.completions.create({ model, messages, ...fields }, options);

// Chat, whole and streamed.
const reply = await chat({ n: 2, stop: [PATIENT], user: PATIENT });
assert.deepEqual(reply.choices.map((choice) => choice.message.content), [NOTE, NOTE]);
assert.equal(reply.usage.total_tokens, 21);
let text = "", usage;
for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, NOTE);
assert.equal(usage.total_tokens, 21);
const final = await client.chat.completions.stream({ model, messages }).finalContent();
assert.equal(final, NOTE);

// Tools, there and back; the streaming helper too.
const tools = [{ type: "function", function: tool }];
const { message } = (await chat({ tools })).choices[0];
const [call] = message.tool_calls;
assert.deepEqual(JSON.parse(call.function.arguments), { patient: PATIENT, note: 'he said "hi"' });
const result = JSON.stringify({ patient: PATIENT, mrn: 44710093 });
const history = [...messages, message, { role: "tool", tool_call_id: call.id, content: result }];
const told = (await chat({ tools, messages: history })).choices[0].message.content;
assert.equal(JSON.parse(told).patient, PATIENT);
const streamed = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion();
assert.equal(streamed.choices[0].message.tool_calls[0].function.arguments, call.function.arguments);
const runner = client.chat.completions.runTools({
  model,
  messages,
  stream: true,
  tools: [{ type: "function", function: { ...tool, parse: JSON.parse, function: ({ patient }) => `The record of ${patient}` } }],
});
assert.equal(await runner.finalContent(), `The record of ${PATIENT}`);

// Structured output.
const schema = { type: "object", properties: { patient: { type: "string" }, summary: { type: "string" } } };
const response_format = { type: "json_schema", json_schema: { name: "summary", schema } };
const structured = (await chat({ response_format })).choices[0].message.content;
assert.deepEqual(JSON.parse(structured), { patient: PATIENT, summary: NOTE });

// Responses.
assert.equal((await client.responses.create({ model, input: NOTE })).output_text, NOTE);
text = "";
for await (const event of await client.responses.create({ model, input: NOTE, stream: true })) {
  if (event.type === "response.output_text.delta") text += event.delta;
}
assert.equal(text, NOTE);
const own = { type: "function", strict: false, ...tool };
const response = await client.responses.stream({ model, input: NOTE, tools: [own] }).finalResponse();
const [asked] = response.output;
assert.deepEqual(JSON.parse(asked.arguments), { patient: PATIENT });
const output = { type: "function_call_output", call_id: asked.call_id, output: NOTE };
const { parsed_arguments, ...item } = asked;
const input = [{ role: "user", content: NOTE }, item, output];
assert.equal((await client.responses.create({ model, input, tools: [own] })).output_text, NOTE);

// The rest.
const vectors = (await client.embeddings.create({ model: "text-embedding-3-small", input: [NOTE] })).data;
assert.deepEqual([...vectors[0].embedding], [0.5, -1]);
assert.equal((await client.completions.create({ model: "m", prompt: NOTE })).choices[0].text, NOTE);
assert.equal((await client.moderations.create({ input: NOTE })).results[0].flagged, false);

// Errors are the package's own classes.
const raises = async (kind, code, call) => {
  const error = await call().then(() => assert.fail(`no ${kind.name}`), (error) => error);
  assert.ok(error instanceof kind, String(error));
  assert.equal(error.code, code);
  return error;
};
const stranger = new OpenAI({ baseURL, apiKey: "nobody" });
await raises(OpenAI.AuthenticationError, "invalid_gateway_key", async () => stranger.models.list());
await raises(OpenAI.BadRequestError, "invalid_request", () => chat({ temperature: 9 }));
await raises(OpenAI.BadRequestError, "invalid_openai_key", () => chat({ model: "fault-401" }));
const missing = await raises(OpenAI.NotFoundError, "model_not_found", () => chat({ model: "fault-404" }));
assert.ok(missing.message.includes(NOTE) && missing.requestID);
const once = { maxRetries: 0 };
await raises(OpenAI.RateLimitError, "upstream_rate_limited", () => chat({ model: "fault-429" }, once));
await raises(OpenAI.InternalServerError, "upstream_error", () => chat({ model: "fault-500" }, once));
await raises(OpenAI.APIError, "upstream_error", async () => {
  for await (const _ of await chat({ model: "cut", stream: true }));
});

// Retries wait as long as they are told to.
assert.equal((await chat({ model: "busy" })).choices[0].message.content, NOTE);

// A client that leaves in the middle of a stream.
const stream = await chat({ stream: true });
for await (const _ of stream) break;
console.log("done");
