// Publishing: small files in one request, large ones in parts that a reload or a lost connection does not lose.
const form = document.getElementById("publish");
const csrf = document.querySelector("meta[name=csrf-token]").content;
const PARTS_FROM = 32 * 1024 * 1024;
const RETRIES = 5;

if (form) start();

function start() {
  form.hidden = false;
  const input = form.elements.content;
  const drop = document.getElementById("drop");
  for (const type of ["dragover", "dragenter"]) drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); input.files = event.dataTransfer.files; });
  form.addEventListener("submit", (event) => { event.preventDefault(); publish().catch((error) => fail(error)); });
}

const say = (text) => { document.getElementById("status").textContent = text; };

function show(part) {
  const bar = document.getElementById("progress");
  bar.hidden = part === null;
  if (part !== null) bar.value = part;
}

function clearErrors() {
  for (const place of form.querySelectorAll("[data-error]")) { place.hidden = true; place.textContent = ""; }
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    const ids = field.getAttribute("aria-describedby")?.split(" ").filter((id) => !id.endsWith("-error")) ?? [];
    if (ids.length) field.setAttribute("aria-describedby", ids.join(" ")); else field.removeAttribute("aria-describedby");
  }
}

// `pointer` is a JSON pointer into the metadata, such as /dependencies/1/version. Its first member names the field, the
// rest the entry in it. A place that has no field is shown with its whole pointer at the end of the form.
function showError(pointer, text) {
  const [top, ...rest] = pointer.replace(/^\/(metadata\/)?/, "").split("/").map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  const own = top ? form.querySelector(`[data-error="${CSS.escape(top)}"]`) : null;
  const place = own ?? form.querySelector('[data-error=""]');
  const entry = /^\d+$/.test(rest[0] ?? "") ? [`entry ${Number(rest[0]) + 1}`, ...rest.slice(1)] : rest;
  const where = own ? entry.join(", ") : [top, ...entry].filter(Boolean).join(", ");
  const line = where ? `${where}: ${text}` : text;
  place.textContent = place.textContent ? `${place.textContent} ${line}` : line;
  place.hidden = false;
  const field = own ? form.elements[top] : null;
  if (!field) return place;
  field.closest("details")?.setAttribute("open", "");
  field.setAttribute("aria-invalid", "true");
  const ids = new Set([...(field.getAttribute("aria-describedby")?.split(" ") ?? []), place.id]);
  field.setAttribute("aria-describedby", [...ids].join(" "));
  return field;
}

function fail(error) {
  show(null);
  document.getElementById("send").disabled = false;
  document.getElementById("pause").hidden = true;
  const problem = error.problem;
  const errors = problem?.errors?.length ? problem.errors : [{ pointer: "", detail: problem?.detail ?? error.message }];
  const fields = errors.map(({ pointer, detail }) => showError(pointer, detail));
  say("Not published.");
  fields[0]?.focus?.();
}

async function api(method, path, { json, body, headers = {} } = {}) {
  const response = await fetch(`/ui/api${path}`, {
    method,
    headers: { "X-CSRF-Token": csrf, ...(json ? { "Content-Type": "application/json" } : {}), ...headers },
    body: json ? JSON.stringify(json) : body,
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw Object.assign(new Error(`The registry answered ${response.status}.`), { problem, status: response.status });
  }
  return response.status === 204 ? null : response.json();
}

function metadata() {
  const value = (name) => form.elements[name].value.trim();
  const given = { name: value("name"), version: value("version"), type: value("type") };
  for (const name of ["description", "license", "source_url"]) if (value(name)) given[name] = value(name);
  const tags = value("tags").split(",").map((tag) => tag.trim()).filter(Boolean);
  if (tags.length) given.tags = tags;
  const lines = value("dependencies").split("\n").map((line) => line.trim().split(/\s+/)).filter(([first]) => first);
  if (lines.length) {
    given.dependencies = lines.map(([relation, name = "", version, ...more]) =>
      ({ relation, name, ...(version ? { version: [version, ...more].join(" ") } : {}) }));
  }
  if (form.elements.draft.checked) given.status = "draft";
  return given;
}

async function publish() {
  clearErrors();
  const file = form.elements.content.files[0];
  const given = metadata();
  if (!file && !given.source_url) { showError("/content", "Choose a file, or give a URL.").focus(); return; }
  document.getElementById("send").disabled = true;
  const made = file ? await (file.size > PARTS_FROM ? sendParts(file, given) : sendWhole(file, given)) : await api("POST", "/package", { json: given });
  say(file ? "Published." : "The registry fetches the content.");
  location.assign(`/ui/package/${encodeURIComponent(made.id)}`);
}

function sendWhole(file, given) {
  const body = new FormData();
  body.append("metadata", new Blob([JSON.stringify(given)], { type: "application/json" }));
  body.append("content", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch reports no progress of uploads
    request.open("POST", "/ui/api/package");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => { show(loaded / total); say(`${Math.floor((100 * loaded) / total)} % sent`); });
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.response)
      : reject(Object.assign(new Error(`The registry answered ${request.status}.`), { problem: request.response }))));
    request.addEventListener("error", () => reject(new Error("The connection was lost. Publish again.")));
    request.send(body);
  });
}

function digestOf(file) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(form.dataset.hashWorker);
    worker.addEventListener("error", () => reject(new Error("The file could not be read.")));
    worker.addEventListener("message", ({ data }) => {
      if (data.sha256) { worker.terminate(); resolve(data.sha256); return; }
      show(data.done / file.size);
      say(`Computing the digest: ${Math.floor((100 * data.done) / file.size)} %`);
    });
    worker.postMessage(file);
  });
}

async function openUpload(file, given) {
  const sha256 = await digestOf(file);
  const key = `upload:${given.type}:${given.name}:${given.version}:${sha256}`;
  const kept = localStorage.getItem(key);
  if (kept) {
    const upload = await api("GET", `/uploads/${encodeURIComponent(kept)}`).catch(() => null);
    if (upload) return { key, upload, there: new Set(upload.parts.map((part) => part.number)) };
  }
  const upload = await api("POST", "/uploads", { json: { metadata: given, size: file.size, sha256, filename: file.name } });
  localStorage.setItem(key, upload.id);
  return { key, upload, there: new Set() };
}

async function sendParts(file, given) {
  const { key, upload, there } = await openUpload(file, given);
  const pause = document.getElementById("pause");
  let paused = null;
  let resume = () => {};
  pause.hidden = false;
  pause.onclick = () => {
    if (paused) { resume(); paused = null; pause.textContent = "Pause"; return; }
    paused = new Promise((resolve) => { resume = resolve; });
    pause.textContent = "Resume";
    say("Paused. You may also close the page, and publish the same file again later.");
  };
  const count = Math.ceil(file.size / upload.part_size);
  for (let number = 1; number <= count; number += 1) {
    if (paused) await paused;
    if (!there.has(number)) await sendPart(file, upload, number);
    show(number / count);
    say(`Part ${number} of ${count} sent`);
  }
  pause.hidden = true;
  const made = await api("POST", `/uploads/${encodeURIComponent(upload.id)}/complete`);
  localStorage.removeItem(key);
  return made;
}

async function sendPart(file, upload, number) {
  const body = file.slice((number - 1) * upload.part_size, number * upload.part_size);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await api("PUT", `/uploads/${encodeURIComponent(upload.id)}/parts/${number}`, { body, headers: { "Content-Type": "application/octet-stream" } });
      return;
    } catch (error) {
      if (attempt === RETRIES || (error.status && error.status < 500 && error.status !== 408)) throw error;
      say(`Part ${number} failed, trying again.`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt));
    }
  }
}
