// Shows what is being made (a rating, a verdict, a fetched content) once it is ready, without a reload.
// `data-poll` names what to ask; it is ready when the answer is final and, where given, `data-member` has another value
// than `data-value`. Then the regions with `data-live` are replaced, and the focus stays.
const WAIT_SECONDS = 20;
const PAUSE_MS = 1500;
const PATIENCE_MS = 15 * 60 * 1000;
const MAKING = 202;

const asked = document.querySelector("[data-poll]");
if (asked) follow(asked.dataset, Date.now() + PATIENCE_MS);

async function follow({ poll, member, value, done }, deadline) {
  const address = member ? poll : `${poll}?wait=${WAIT_SECONDS}`;
  while (Date.now() < deadline) {
    const response = await fetch(address).catch(() => null);
    if (response && response.status < 500 && response.status !== MAKING && response.status !== 429) {
      const isSame = member && response.ok && String((await response.json())[member]) === value;
      if (!isSame) { await refresh(done); return; }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  say("It takes longer than usual. Load the page again later.");
}

const say = (text) => { document.getElementById("live-status").textContent = text; };

async function refresh(done) {
  const address = new URL(location.href);
  address.searchParams.delete("done"); // the message of the change before is read
  const response = await fetch(address);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const made = fresh.getElementById(region.id);
    if (!made) continue;
    const hadFocus = region.contains(document.activeElement);
    region.replaceChildren(...made.childNodes);
    if (hadFocus) region.focus();
  }
  say(done);
  const next = document.querySelector("[data-poll]");
  if (next) follow(next.dataset, Date.now() + PATIENCE_MS);
}
