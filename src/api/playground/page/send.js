// Sends the chat, and shows the reply before and after restoration as it comes.

import { withPlaceholders } from "./view.js";
import * as wire from "./wire.js";

const by = (id) => document.getElementById(id);

const piece = (data) => {
  const chunk = JSON.parse(data);
  return { text: chunk.choices?.[0]?.delta?.content ?? chunk.choices?.[0]?.delta?.refusal ?? "", error: chunk.error };
};

export const send = ({ keys, chatBody }) => {
  let running = null;
  const busy = (is) => {
    by("send").disabled = is;
    by("stop").disabled = !is;
  };
  const says = (text, bad = false) => {
    by("send-state").textContent = text;
    by("send-state").className = bad ? "notice bad" : "hint";
  };

  by("stop").addEventListener("click", () => running?.abort());
  by("send").addEventListener("click", async () => {
    const body = chatBody();
    if (body.messages.length === 0) {
      says("There is nothing to send: write or choose a text first.", true);
      return;
    }
    running = new AbortController();
    busy(true);
    says("Sent. Waiting for the model …");
    let before = "";
    let after = "";
    let first = 0;
    let whole = false;
    let broken = null;
    const started = performance.now();
    by("before").textContent = "";
    by("after").textContent = "";
    try {
      await wire.chat(keys(), body, running.signal, (event, data) => {
        if (event === "sent") return;
        first ||= performance.now();
        if (data === "[DONE]") {
          whole ||= event === "after";
          return;
        }
        const { text, error } = piece(data);
        broken ??= error ?? null;
        if (event === "before") {
          before += text;
          withPlaceholders(by("before"), before);
        } else {
          after += text;
          by("after").textContent = after;
        }
      });
      const took = (from) => `${Math.round(from - started)} ms`;
      if (broken) says(`The reply broke off: ${broken.message}`, true);
      else if (!whole) says("The reply broke off.", true);
      else says(`Complete. First words after ${took(first)}, all after ${took(performance.now())}.`);
    } catch (error) {
      if (error.name === "AbortError") says("Stopped.");
      else says(error instanceof wire.Refused ? error.message : "The gateway cannot be reached.", true);
    } finally {
      busy(false);
    }
  });
};
