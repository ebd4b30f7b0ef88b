// Shows /openapi.json. Everything comes from this gateway, and no text is read as HTML.

const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") node.className = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const state = document.getElementById("state");

const resolve = (api, schema) => {
  const name = schema?.$ref?.split("/").pop();
  return name ? { name, schema: api.components.schemas[name] } : { name: "", schema: schema ?? {} };
};

// A schema in a word: `string`, `list of Message`, `TextPart or string`.
const kind = (api, raw) => {
  const { name, schema } = resolve(api, raw);
  if (schema?.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (name) return name;
  const either = schema.anyOf ?? schema.oneOf;
  // What may be left out may be null too.
  if (either) return either.filter((one) => one.type !== "null").map((one) => kind(api, one)).join(" or ");
  const types = [schema.type].flat().filter((type) => type && type !== "null").map((type) => (type === "array" ? `list of ${kind(api, schema.items)}` : type));
  const limits = [["minimum", "≥"], ["maximum", "≤"]].filter(([key]) => Number.isSafeInteger(Math.round(schema[key]))).map(([key, sign]) => `${sign} ${schema[key]}`);
  return [types.join(" or ") || "anything", ...limits].join(", ");
};

// Words with `code` in them.
const words = (text) => text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));

// What a field means: its own words, or those of its type.
const meaning = (api, value) => {
  const own = (value.anyOf ?? value.oneOf)?.find((one) => one.type !== "null") ?? value;
  return value.description ?? resolve(api, own).schema?.description ?? "";
};

const fields = (api, raw, seen = []) => {
  const { name, schema } = resolve(api, raw);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map((one) => fields(api, one, seen));
  if (schema.type === "array") return [fields(api, schema.items, seen)];
  if (!schema.properties || seen.includes(name)) return [];
  const needed = (key) => (schema.required?.includes(key) ? 0 : 1);
  const rows = Object.entries(schema.properties).sort(([a], [b]) => needed(a) - needed(b)).map(([key, value]) =>
    element("tr", {}, element("td", { class: "exact" }, element("code", {}, key), schema.required?.includes(key) ? " *" : ""),
      element("td", {}, kind(api, value)), element("td", { class: "wide" }, ...words(meaning(api, value)))));
  return [
    element("h4", {}, name || "Fields"),
    schema.description ? element("p", { class: "hint" }, ...words(schema.description)) : null,
    element("table", {}, element("thead", {}, element("tr", {}, ...["Field (* required)", "Type", "Meaning"].map((title) => element("th", { scope: "col" }, title)))),
      element("tbody", {}, ...rows)),
    ...Object.values(schema.properties).map((value) => fields(api, value, [...seen, name])),
  ];
};

const example = (content) => content?.example && element("pre", { dir: "ltr", tabindex: "0" }, JSON.stringify(content.example, null, 2));

const operation = (api, path, method, one) => {
  const box = element("details", { class: "card" },
    element("summary", {}, element("code", {}, `${method.toUpperCase()} ${path}`), ` ${one.summary}`));
  if (one.description) box.append(element("p", {}, one.description));
  if (one.security) box.append(element("p", { class: "hint" }, "Needs a gateway key: Authorization: Bearer …, or x-compliantchatgpt-key."));
  for (const parameter of one.parameters ?? [])
    box.append(element("p", {}, element("code", {}, parameter.name), ` (${parameter.in}): ${parameter.description ?? ""}`));
  for (const content of Object.values(one.requestBody?.content ?? {})) {
    box.append(element("h3", {}, "Request"));
    const shown = example(content);
    if (shown) box.append(shown);
    box.append(...fields(api, content.schema).flat(Infinity).filter(Boolean));
  }
  box.append(element("h3", {}, "Replies"));
  for (const [status, reply] of Object.entries(one.responses)) {
    const types = Object.keys(reply.content ?? {}).join(", ");
    const json = reply.content?.["application/json"];
    const inner = status === "200" && json ? fields(api, json.schema).flat(Infinity).filter(Boolean) : [];
    box.append(element("p", {}, element("strong", {}, status), " ", ...words(reply.description), types ? ` (${types})` : ""), ...inner);
    const shown = json && example(json);
    if (shown) box.append(shown);
  }
  return box;
};

try {
  const api = await (await fetch("/openapi.json", { credentials: "omit" })).json();
  document.getElementById("about").textContent = api.info.description;
  const tags = new Map(api.tags.map(({ name }) => [name, []]));
  const about = new Map(api.tags.map(({ name, description }) => [name, description]));
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, one] of Object.entries(methods)) {
      const tag = one.tags?.[0] ?? "Other";
      tags.set(tag, [...(tags.get(tag) ?? []), operation(api, path, method, one)]);
    }
  for (const [tag, all] of tags) document.getElementById("operations").append(element("h2", {}, tag), element("p", { class: "hint" }, about.get(tag) ?? ""), ...all);
  state.textContent = `OpenAPI ${api.openapi}, version ${api.info.version}`;
  state.className = "good";
} catch {
  state.textContent = "The document cannot be loaded";
  state.className = "bad";
}
