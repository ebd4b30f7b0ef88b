// The playground: what is typed is inspected by the gateway, and shown. Nothing is stored.

import { SAMPLES } from "./samples.js";
import { send } from "./send.js";
import * as view from "./view.js";
import * as wire from "./wire.js";

const PAUSE_MS = 300;
const by = (id) => document.getElementById(id);

const state = {
  settings: null,
  messages: [{ role: "user", content: "" }],
  labels: {},
  threshold: null, // null: as in the settings
};
let timer = 0;
let running = null;

export const keys = () => ({
  gateway: (by("gateway-key").value || by("send-gateway-key").value).trim(),
  model: by("model-key").value.trim(),
});

export const chatBody = () => ({
  model: by("model").value.trim() || undefined,
  messages: state.messages.filter((message) => message.content !== ""),
  stream: true,
});

const fail = (error) => {
  if (error.name === "AbortError") return;
  const locked = error.status === 401;
  by("key-box").hidden = !locked && by("key-box").hidden;
  by("error").hidden = locked && !by("gateway-key").value;
  by("error").textContent = error instanceof wire.Refused ? error.message : "The gateway cannot be reached.";
  status(locked ? "Locked" : "Not available", "bad");
};

const status = (says, kind) => {
  by("state").textContent = says;
  by("state").className = kind;
};

// ── the text ────────────────────────────────────────────────────────────────

const showMessages = () => {
  by("messages").replaceChildren(...state.messages.map((message, at) => {
    const role = view.element("select", { "aria-label": `Role of message ${at + 1}` },
      ...["user", "assistant", "system"].map((name) => view.element("option", { value: name, selected: name === message.role }, name)));
    role.addEventListener("change", () => { message.role = role.value; changed(); });
    const remove = view.element("button", { type: "button", class: "quiet", "aria-label": `Remove message ${at + 1}` }, "Remove");
    remove.addEventListener("click", () => {
      state.messages.splice(at, 1);
      showMessages();
      by("add").focus();
      changed();
    });
    // Spell checkers and translators of browsers may send what is typed to their makers.
    const text = view.element("textarea", {
      "aria-label": `Text of message ${at + 1}`, dir: "auto", spellcheck: "false", autocomplete: "off", autocorrect: "off",
      autocapitalize: "off", "data-gramm": "false", placeholder: "Paste a note here",
    });
    text.value = message.content;
    text.addEventListener("input", () => { message.content = text.value; changed(); });
    const top = view.element("div", { class: "top" }, role, ...(state.messages.length > 1 ? [remove] : []));
    return view.element("li", { class: "message" }, top, text);
  }));
};

const load = (messages) => {
  state.messages = messages.map((message) => ({ ...message }));
  showMessages();
  changed();
};

const changed = () => {
  clearTimeout(timer);
  timer = setTimeout(inspect, PAUSE_MS);
};

// ── what would leave ────────────────────────────────────────────────────────

const whatIf = () => {
  const labels = Object.fromEntries(Object.entries(state.labels).filter(([, strategy]) => strategy !== ""));
  const thresholds = state.threshold === null
    ? {}
    : Object.fromEntries(state.settings.labels.map(({ name }) => [name, state.threshold]));
  return Object.keys(labels).length || state.threshold !== null ? { labels, thresholds } : null;
};

const inspect = async () => {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  const body = chatBody();
  by("error").hidden = true;
  if (body.messages.length === 0) {
    show({ texts: [], mapping: {}, sent: "", bytes: 0 }, null);
    return;
  }
  by("summary").className = "working";
  try {
    const choices = whatIf();
    // One after the other: the second finds the first one's work in the cache where there is one.
    const inForce = await wire.inspect(keys(), { body }, signal);
    const chosen = choices ? await wire.inspect(keys(), { body, ...choices }, signal) : null;
    status("Ready", "good");
    show(chosen ?? inForce, chosen ? inForce : null);
  } catch (error) {
    fail(error);
  } finally {
    if (!signal.aborted) by("summary").className = "";
  }
};

const same = (a, b) => a.start === b.start && a.end === b.end && a.label === b.label;
const overlap = (a, b) => a.start < b.end && b.start < a.end;

// The pieces of a finding that nothing in `text` covers any more, but for blanks and marks between its words.
const bare = (one, text) => {
  const points = new view.CodePoints(text.text);
  const pieces = [];
  let from = one.start;
  for (const now of [...text.entities, { start: one.end, end: one.end }]) {
    if (now.end < from || now.start > one.end) continue;
    const to = Math.min(now.start, one.end);
    if (to > from && /[\p{L}\p{N}]/u.test(points.slice(from, to))) pieces.push({ ...one, start: from, end: to, uncovered: true });
    from = Math.max(from, now.end);
  }
  return pieces;
};

const show = (report, inForce) => {
  const uncovered = (inForce?.texts ?? []).map((text, at) =>
    text.entities.filter((one) => one.strategy !== "keep").flatMap((one) => bare(one, report.texts[at])));
  by("detail").hidden = true;
  view.marked(by("marked"), report.texts, uncovered, pick);
  view.sent(by("sent"), report.texts);
  view.withPlaceholders(by("bytes"), report.sent);
  by("bytes-count").textContent = report.bytes ? `The request’s body, ${report.bytes} bytes, exactly as it would be sent.` : "";
  view.mapping(by("mapping"), report.mapping);
  view.findings(by("findings"), report.texts);
  const counts = {};
  let replaced = 0;
  for (const one of report.texts.flatMap((text) => text.entities)) {
    if (one.strategy === "keep") continue;
    replaced += 1;
    counts[one.label] = (counts[one.label] ?? 0) + 1;
  }
  by("summary").textContent = !report.bytes ? "" : replaced
    ? `${replaced} replaced: ${Object.entries(counts).map(([label, count]) => `${count} ${label}`).join(", ")}`
    : "Nothing to replace.";
  const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  by("timings").textContent = report.timings
    ? `Detection ${ms(report.timings.detect_ms)}, substitution ${ms(report.timings.substitute_ms)}, all together ${ms(report.timings.total_ms)}.`
    : "";
  difference(report, inForce, uncovered.flat());
};

const difference = (report, inForce, uncovered) => {
  by("difference").hidden = !inForce;
  if (!inForce) return;
  const before = inForce.texts.map((text) => text.entities);
  const more = report.texts.flatMap((text, at) =>
    text.entities.filter((one) => one.strategy !== "keep" && !before[at].some((other) => overlap(one, other)))).length;
  const changed = report.texts.flatMap((text, at) => text.entities.filter((one) => {
    const old = before[at].find((other) => same(one, other));
    return old ? old.strategy !== one.strategy : before[at].some((other) => overlap(one, other));
  })).length;
  const kept = (texts) => texts.flatMap((text) => text.entities.filter((one) => one.strategy === "keep")).length;
  const open = uncovered.length + Math.max(0, kept(report.texts) - kept(inForce.texts));
  const found = before.flat().length;
  by("difference").className = open ? "" : "none";
  const says = [];
  if (open) says.push(`${open} ${open === 1 ? "text" : "texts"} of ${found} findings would leave as they are`);
  if (more) says.push(`${more} more ${more === 1 ? "text" : "texts"} would be replaced`);
  if (changed) says.push(`${changed} ${changed === 1 ? "finding" : "findings"} would be sent in another form`);
  by("difference").textContent = says.length ? `With your choices ${says.join("; ")}.` : "Your choices change nothing for this text.";
};

const pick = (node, value, span) => {
  for (const other of by("marked").querySelectorAll("mark")) other.setAttribute("aria-expanded", String(other === node));
  view.detail(by("detail"), value, span);
};

// ── what if ─────────────────────────────────────────────────────────────────

const showLabels = () => {
  by("labels").replaceChildren(...state.settings.labels.map(({ name, strategy }) => {
    const select = view.element("select", {},
      view.element("option", { value: "" }, `as set: ${strategy}`),
      ...state.settings.strategies.map((one) => view.element("option", { value: one }, one)));
    select.addEventListener("change", () => { state.labels[name] = select.value; choicesChanged(); });
    return view.element("label", { class: view.family(name) }, view.element("b", {}, name), select);
  }));
};

const choicesChanged = () => {
  by("reset").disabled = whatIf() === null;
  by("threshold-value").textContent = state.threshold === null ? "as in the settings" : view.percent(state.threshold);
  changed();
};

// ── the page ────────────────────────────────────────────────────────────────

const tabs = () => {
  const all = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const other of all) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      by(other.getAttribute("aria-controls")).hidden = other !== tab;
    }
  };
  all.forEach((tab, at) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      all[to % all.length].focus();
      select(all[to % all.length]);
    });
  });
};

const connect = async () => {
  try {
    state.settings = await wire.settings(keys());
  } catch (error) {
    fail(error);
    return;
  }
  by("key-box").hidden = true;
  by("error").hidden = true;
  by("send-key").hidden = !state.settings.send_needs_key || Boolean(by("gateway-key").value);
  by("version").textContent = state.settings.version;
  by("model").value ||= state.settings.model;
  status("Ready", "good");
  showLabels();
  inspect();
};

by("sample").append(...SAMPLES.map(({ name }, at) => view.element("option", { value: String(at) }, name)));
by("sample").addEventListener("change", ({ target }) => {
  if (target.value !== "") load(SAMPLES[Number(target.value)].messages);
});
by("clear").addEventListener("click", () => {
  by("sample").value = "";
  load([{ role: "user", content: "" }]);
  by("messages").querySelector("textarea").focus();
});
by("add").addEventListener("click", () => {
  state.messages.push({ role: "user", content: "" });
  showMessages();
  by("messages").lastElementChild.querySelector("textarea").focus();
});
by("threshold").addEventListener("input", ({ target }) => { state.threshold = Number(target.value); choicesChanged(); });
by("reset").addEventListener("click", () => {
  state.labels = {};
  state.threshold = null;
  by("threshold").value = by("threshold").defaultValue;
  showLabels();
  choicesChanged();
  by("threshold").focus();
});
by("unlock").addEventListener("click", connect);
by("gateway-key").addEventListener("keydown", ({ key }) => { if (key === "Enter") connect(); });
// Pages that come back from the browser's history would show what was typed.
addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });

tabs();
showMessages();
send({ keys, chatBody });
connect();
