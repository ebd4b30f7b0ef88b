// What is on the page: plain DOM, no text is ever read as HTML.

// Labels by family: five hues are told apart more easily than nineteen, and the label itself is written beside each.
const FAMILIES = {
  people: ["NAME", "AGE", "BIOMETRIC"],
  time: ["DATE"],
  place: ["LOCATION", "ORGANIZATION"],
  contact: ["PHONE", "FAX", "EMAIL", "URL", "IP"],
};
// The labels and numbers of a placeholder, linked names and one-way ones included.
const PLACEHOLDER = /\[([A-Z]+(?:_[A-Z]+)*?)(?:_\d+(?:_[A-Z]+)*)?\]/gu;

export const family = (label) => Object.keys(FAMILIES).find((name) => FAMILIES[name].includes(label)) ?? "number";

export const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") node.className = value;
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
};

export const percent = (score) => `${Math.round(score * 100)} %`;

// Offsets are code points; JavaScript's own are UTF-16 units.
export class CodePoints {
  constructor(text) {
    this.points = Array.from(text);
  }
  slice(start, end) {
    return this.points.slice(start, end).join("");
  }
  get length() {
    return this.points.length;
  }
}

// The direction of a text goes by its first letter, wherever that stands: `dir=auto` would not look into marks.
const direction = (text) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}]/u.test(/\p{L}/u.exec(text)?.[0] ?? "") ? "rtl" : "ltr");

const name = (text) => {
  if (text.role) return `${text.role}${text.name ? ` · ${text.name}` : ""}`;
  return text.field ?? text.kind;
};

// Texts with their findings marked. `uncovered` are those that the choices under "What if" leave as they are.
export const marked = (box, texts, uncovered, onPick) => {
  box.replaceChildren();
  let any = false;
  texts.forEach((text, at) => {
    const spans = [...text.entities, ...(uncovered[at] ?? [])].sort((a, b) => a.start - b.start);
    if (!text.text || (text.kind !== "text" && spans.length === 0)) return;
    any = true;
    const points = new CodePoints(text.text);
    const line = element("p", { class: "text", dir: direction(text.text) });
    let done = 0;
    for (const span of spans) {
      if (span.start < done) continue;
      line.append(points.slice(done, span.start), mark(points.slice(span.start, span.end), span, onPick));
      done = span.end;
    }
    line.append(points.slice(done, points.length));
    if (texts.length > 1 || text.kind !== "text") box.append(element("p", { class: "role" }, name(text)));
    box.append(line);
  });
  if (!any) box.append(element("p", { class: "empty" }, "Nothing yet. Type or paste on the left, or take a sample."));
};

const mark = (value, span, onPick) => {
  const state = span.uncovered ? "uncovered" : span.strategy === "keep" ? "kept" : "";
  const says = span.uncovered ? "would leave as it is" : span.strategy === "keep" ? "kept by the settings" : `sent as ${span.replacement}`;
  const node = element(
    "mark",
    {
      class: `${family(span.label)} ${state}`, role: "button", tabindex: "0", "aria-expanded": "false",
      "aria-label": `${value}, ${span.label}, ${says}`,
    },
    element("bdi", {}, value),
    element("span", { class: "tag", "aria-hidden": "true" }, span.label),
  );
  const pick = () => onPick(node, value, span);
  node.addEventListener("click", pick);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pick();
    }
  });
  return node;
};

export const detail = (box, value, span) => {
  box.className = `detail ${family(span.label)}`;
  const sent = span.uncovered
    ? "Would leave as it is with your choices."
    : span.strategy === "keep" ? "Kept: the settings send it as it is." : "";
  box.replaceChildren(
    element("p", {}, element("strong", { dir: "auto" }, element("bdi", {}, value)), ` is labelled ${span.label}. `,
      sent || "Sent as ", sent ? "" : element("bdi", {}, element("code", {}, span.replacement)), sent ? "" : "."),
    element("p", {}, span.reason),
    element("ul", {}, ...span.found_by.map((one) =>
      element("li", {}, element("code", {}, one.detector), ` says ${one.label}, ${percent(one.score)} certain: `, element("bdi", {}, one.text)))),
  );
  box.hidden = false;
};

// A text with its placeholders marked.
export const withPlaceholders = (box, text) => {
  box.replaceChildren();
  let done = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    box.append(text.slice(done, match.index), element("mark", { class: family(match[1]) }, element("bdi", {}, match[0])));
    done = match.index + match[0].length;
  }
  box.append(text.slice(done));
};

export const sent = (box, texts) => {
  box.replaceChildren();
  for (const text of texts) {
    if (!text.sent || (text.kind !== "text" && text.entities.length === 0)) continue;
    if (texts.length > 1 || text.kind !== "text") box.append(element("p", { class: "role" }, name(text)));
    const line = element("p", { class: "text", dir: direction(text.text) });
    withPlaceholders(line, text.sent);
    box.append(line);
  }
};

export const mapping = (body, entries) => {
  const rows = Object.entries(entries).map(([placeholder, value]) =>
    element("tr", {}, element("td", { class: "exact" }, element("bdi", {}, element("code", {}, placeholder))), element("td", { dir: "auto" }, value)));
  body.replaceChildren(...(rows.length ? rows : [empty(2, "No placeholders were given out.")]));
};

// On a phone's width a row stands as lines, each with its title; the roles keep it a table to those who listen.
const cell = (title, kind, content) => element("td", { class: kind, role: "cell", "data-title": title }, content);

export const findings = (body, texts) => {
  const rows = texts.flatMap((text) => {
    const points = new CodePoints(text.text);
    return text.entities.map((one) =>
      element("tr", { role: "row" },
        cell("Text", "", element("bdi", {}, points.slice(one.start, one.end))),
        cell("Label", "exact", one.label),
        cell("Sent as", "exact", one.strategy === "keep" ? "as it is" : element("bdi", {}, element("code", {}, one.replacement))),
        cell("Found by", "", element("code", {}, [...new Set(one.found_by.map((by) => by.detector))].join(", ") || one.detector)),
        cell("Certainty", "exact", percent(one.score)),
        cell("Reason", "wide", one.reason)));
  });
  body.replaceChildren(...(rows.length ? rows : [empty(6, "Nothing was found.")]));
};

const empty = (columns, says) => element("tr", {}, element("td", { class: "empty", colSpan: columns }, says));
