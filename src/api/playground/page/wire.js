// Speaks to the gateway. Keys and texts stay in memory; nothing is stored.

export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? `the gateway answered ${status}`);
    this.status = status;
    this.code = error?.code ?? "";
  }
}

const headers = (keys) => ({
  "content-type": "application/json",
  ...(keys.gateway ? { "x-compliantchatgpt-key": keys.gateway } : {}),
  ...(keys.model ? { "x-openai-key": keys.model } : {}),
});

const check = async (response) => {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refused(response.status, body.error);
};

const call = (path, options) =>
  fetch(path, { credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer", ...options });

export const settings = async (keys) => (await check(await call("/playground/settings", { headers: headers(keys) }))).json();

export const inspect = async (keys, body, signal) => {
  const response = await call("/playground/inspect", { method: "POST", headers: headers(keys), body: JSON.stringify(body), signal });
  return (await check(response)).json();
};

// Sends a chat and calls `on(event, data)` for every event of the reply.
export const chat = async (keys, body, signal, on) => {
  const response = await check(await call("/playground/chat", { method: "POST", headers: headers(keys), body: JSON.stringify(body), signal }));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      let name = "message";
      const data = [];
      for (const line of event.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
      }
      if (data.length) on(name, data.join("\n"));
    }
  }
};
