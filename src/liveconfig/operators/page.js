// Keeps the open page as the server would render it now.
//
// It asks for the page about once a second; while nothing changed the answer is an empty
// 304. The answer is parsed by the request itself, so no text becomes HTML in here.

const PERIOD_MS = 1000;
const TIMEOUT_MS = 5000;

// Attributes that the reader or this script set, which the server knows nothing of.
const OURS = new Set(["open", "data-ago", "data-moved"]);

const main = document.querySelector("main");
const connection = document.querySelector("#connection");
const icon = document.querySelector("link[rel=icon]");
const relative = new Intl.RelativeTimeFormat("en", { style: "narrow" });

let etag = null;
let title = document.title;
let answeredAt = null;
let clockAheadMs = 0;
let timer = null;
let isAsking = false;

function ask() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  clearTimeout(timer);
  const request = new XMLHttpRequest();
  request.open("GET", location.pathname);
  request.responseType = "document";
  request.timeout = TIMEOUT_MS;
  request.setRequestHeader("Accept", "text/html");
  if (etag) request.setRequestHeader("If-None-Match", etag);
  request.onload = () => take(request);
  request.onerror = () => lose("The service does not answer");
  request.ontimeout = request.onerror;
  request.onloadend = () => {
    isAsking = false;
    tellTimes();
    timer = setTimeout(ask, PERIOD_MS);
  };
  request.send();
}

function take(request) {
  const isPage = request.status === 200 && request.response?.querySelector("main");
  if (!isPage && request.status !== 304) {
    lose(`The service answers ${request.status}`);
    return;
  }
  const date = Date.parse(request.getResponseHeader("Date"));
  clockAheadMs = date ? Date.now() - date : 0;
  answeredAt = new Date(Date.now() - clockAheadMs);
  if (isPage) {
    etag = request.getResponseHeader("ETag");
    title = request.response.title;
    icon.href = request.response.querySelector("link[rel=icon]").href;
    update(main, request.response.querySelector("main"));
  }
  document.documentElement.removeAttribute("data-lost");
  say("Updating live");
  document.title = title;
}

function lose(sentence) {
  if (document.hidden) return;
  document.documentElement.dataset.lost = "";
  document.title = `? ${sentence}`;
  if (!answeredAt) {
    say(`${sentence}. Trying again.`);
    return;
  }
  const seen = document.createElement("time");
  seen.dateTime = answeredAt.toISOString();
  seen.textContent = `${seen.dateTime.slice(0, 19).replace("T", " ")} UTC`;
  say(`${sentence}. Last seen `, seen, ". Trying again.");
}

// Says the same thing once, so that nobody has it read aloud every second.
function say(...parts) {
  const paragraph = document.createElement("p");
  paragraph.append(...parts);
  if (connection.textContent !== paragraph.textContent) {
    connection.replaceChildren(...paragraph.childNodes);
  }
}

// Makes `old` equal to `fresh` and touches only what differs: focus, selection, scroll
// position and whatever was unfolded stay.
function update(old, fresh) {
  updateAttributes(old, fresh);
  const keys = new Set(Array.from(fresh.children, keyOf));
  const kept = new Map();
  for (const child of Array.from(old.children)) {
    const key = keyOf(child);
    if (key && keys.has(key)) kept.set(key, child);
    else if (key) child.remove();
  }
  let at = old.firstChild;
  for (const next of Array.from(fresh.childNodes)) {
    const same = keyOf(next) ? kept.get(keyOf(next)) : isAlike(at, next) ? at : null;
    if (!same) {
      old.insertBefore(document.adoptNode(next), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) update(same, next);
    else if (same.nodeValue !== next.nodeValue) same.nodeValue = next.nodeValue;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function updateAttributes(old, fresh) {
  const before = old.dataset?.version;
  for (const { name } of Array.from(old.attributes)) {
    if (!fresh.hasAttribute(name) && !OURS.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of Array.from(fresh.attributes)) {
    if (old.getAttribute(name) !== value && !OURS.has(name)) old.setAttribute(name, value);
  }
  if (before !== old.dataset?.version) old.dataset.moved = "";
}

function keyOf(node) {
  return node.dataset?.key;
}

function isAlike(old, fresh) {
  return old && !keyOf(old) && old.nodeName === fresh.nodeName;
}

function tellTimes() {
  for (const time of document.querySelectorAll("time")) {
    const ago = agoOf(Date.now() - clockAheadMs - Date.parse(time.dateTime));
    if (time.dataset.ago !== ago) time.dataset.ago = ago;
  }
}

function agoOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, "second");
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return relative.format(-Math.floor(seconds / 3600), "hour");
  return relative.format(-Math.floor(seconds / 86400), "day");
}

main.addEventListener("animationend", (event) => {
  event.target.closest("[data-moved]")?.removeAttribute("data-moved");
});
document.addEventListener("visibilitychange", ask);
ask();
