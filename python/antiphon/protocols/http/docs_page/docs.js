// Shows /api/v1/openapi.json and lets one try its operations. It knows no resource by name.

const page = document.querySelector("main");
const tokenField = document.querySelector("#token");
const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element with properties and children; text is never read as HTML. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

let api;

function resolve(schema) {
  const path = schema?.$ref?.replace("#/", "").split("/");
  return path ? path.reduce((node, key) => node?.[key], api) : schema;
}

/** A schema in one short text, as `{ name: string, limit?: integer }`. */
function spell(schema, depth = 0) {
  const found = resolve(schema);
  if (!found) return "anything";
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (found.anyOf) return found.anyOf.map((one) => spell(one, depth)).join(" | ");
  if (found.type === "array") return `[${spell(found.items, depth)}, …]`;
  if (!found.properties) return found.type ?? "anything";
  if (depth > 3) return "{ … }";
  const pad = "  ".repeat(depth + 1);
  const rows = Object.entries(found.properties).map(([name, value]) => {
    const mark = found.required?.includes(name) ? "" : "?";
    const words = value.description ? `  // ${value.description}` : "";
    return `${pad}${name}${mark}: ${spell(value, depth + 1)}${words}`;
  });
  return `{\n${rows.join("\n")}\n${"  ".repeat(depth)}}`;
}

/** What a body may look like: required fields, with empty values. */
function example(schema) {
  const found = resolve(schema);
  if (found?.examples?.length) return found.examples[0];
  if (found?.properties) {
    const rows = Object.entries(found.properties).filter(([name]) => found.required?.includes(name));
    return Object.fromEntries(rows.map(([name, value]) => [name, example(value)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false, array: [] }[found?.type] ?? null;
}

function bodyOf(operation) {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  return type ? { type, schema: content.schema } : null;
}

async function send(method, path, operation, form, output) {
  let address = path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters ?? []) {
    const value = form.querySelector(`[name="${parameter.name}"]`)?.value ?? "";
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query" && value) query.set(parameter.name, value);
  }
  const headers = {};
  if (tokenField.value) headers.Authorization = `Bearer ${tokenField.value}`;
  const body = form.querySelector("textarea")?.value;
  if (body) headers["Content-Type"] = bodyOf(operation).type;
  output.textContent = "…";
  const text = query.size ? `${address}?${query}` : address;
  try {
    const response = await fetch(text, { method: method.toUpperCase(), headers, body: body || undefined });
    const stream = response.headers.get("content-type")?.startsWith("text/event-stream");
    output.textContent = `${response.status} ${response.statusText}\n\n`;
    if (stream) await follow(response, output);
    else output.textContent += pretty(await response.text());
  } catch (error) {
    output.textContent = String(error);
  }
}

async function follow(response, output) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    output.textContent = (output.textContent + part.value).slice(-20000);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function fields(operation) {
  return (operation.parameters ?? [])
    .filter((parameter) => parameter.in !== "header")
    .map((parameter) =>
      element(
        "label",
        { className: "field" },
        element("code", {}, `${parameter.name}${parameter.required ? "" : "?"}`),
        element("input", { name: parameter.name, placeholder: parameter.description ?? spell(parameter.schema) }),
      ),
    );
}

function show(method, path, operation) {
  const body = bodyOf(operation);
  const output = element("pre", { hidden: true });
  const form = element("form", {}, ...fields(operation));
  if (body) {
    const start = body.type.includes("json") ? JSON.stringify(example(body.schema), null, 2) : "";
    form.append(element("h3", {}, `Body: ${body.type}`), element("pre", {}, spell(body.schema)));
    form.append(element("textarea", { rows: 6, value: start, ariaLabel: "Body" }));
  }
  form.append(element("button", {}, "Send"), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    void send(method, path, operation, form, output);
  });
  const answers = Object.entries(operation.responses).map(([status, response]) => {
    const content = Object.values(response.content ?? {})[0];
    const shape = content?.schema && status !== "default" ? `\n${spell(content.schema)}` : "";
    return element("pre", {}, `${status} ${response.description}${shape}`);
  });
  return element(
    "details",
    { className: "operation" },
    element("summary", {}, element("b", {}, method.toUpperCase()), element("code", {}, path), element("span", {}, operation.summary ?? "")),
    element("div", { className: "inside" }, element("p", {}, operation.description ?? ""), form, element("h3", {}, "Answers"), ...answers),
  );
}

function showAll() {
  const groups = new Map(api.tags.map((tag) => [tag.name, [element("p", {}, tag.description)]]));
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => operations[name])) {
      const tag = operations[method].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(show(method, path, operations[method]));
    }
  }
  page.replaceChildren(element("p", {}, `${api.info.title} ${api.info.version}. ${api.info.description}`));
  for (const [tag, items] of groups) {
    page.append(element("section", {}, element("h2", { id: tag }, tag), ...items));
    document.querySelector("nav").append(element("a", { href: `#${tag}` }, tag));
  }
}

document.querySelector("#guest").addEventListener("click", async () => {
  const response = await fetch("/api/v1/auth/guest", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "API reader" }),
  });
  const answer = await response.json();
  if (response.ok) tokenField.value = answer.token;
  else window.alert(answer.detail);
});

try {
  api = await (await fetch("/api/v1/openapi.json")).json();
  showAll();
} catch (error) {
  page.replaceChildren(element("p", {}, `The description could not be read: ${error}`));
}
