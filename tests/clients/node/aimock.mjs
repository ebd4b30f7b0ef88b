// aimock with fixtures of placeholders, a character a chunk. Prints where it listens.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0, chunkSize: 1, latency: 0, logLevel: "silent" });
const placeholders = 'Seen: [NAME_1] (MRN [MRN_1]), \\[name\\_1\\], [NAME 1]; not [NAME_99], nor [NAME_ or "[';
const call = { name: "look_up", arguments: JSON.stringify({ patient: "[NAME_1]", notes: ['"[MRN_1]"', "["] }) };
mock.onMessage(/look up/, { toolCalls: [call] });
mock.onMessage(/./, { content: placeholders });
await mock.start();
console.log(`listening on ${mock.url}`);
