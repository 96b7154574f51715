"use strict";

const MOST_ROWS = 200;
const KINDS = ["request", "mail", "log"];
const RETRY = 2000;
const connection = document.getElementById("connection");
const key = document.body.dataset.key;
let lastId = document.body.dataset.lastId;
let refreshing = null;

function say(state, text) {
  connection.className = state;
  connection.textContent = text;
}

function localTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour12: false });
}

function addRow(kind, cells) {
  const body = document.getElementById(kind);
  const template = document.getElementById(`${kind}-row`);
  const row = template.content.firstElementChild.cloneNode(true);
  for (const cell of row.cells) {
    const text = cells[cell.dataset.cell] ?? "";
    if (cell.dataset.cell === "at") {
      cell.firstElementChild.dateTime = text;
      cell.firstElementChild.textContent = localTime(text);
    } else {
      cell.textContent = text;
    }
  }
  row.dataset.decision = cells.decision ?? "";
  row.classList.add("new");
  body.prepend(row);
  if (body.rows.length > MOST_ROWS) {
    body.lastElementChild.remove();
  }
  if (kind === "request") {
    filterRequests();
  }
}

function filterControl(name) {
  return document.getElementById(`filter-${name}`);
}

function isShown(row) {
  const [path, status, method] = ["path", "status", "method"].map(
    (name) => row.querySelector(`[data-cell="${name}"]`).textContent);
  const decision = row.dataset.decision;
  const isPassedPreflight = method === "OPTIONS" && decision === "let in";
  return path.toLowerCase().includes(filterControl("path").value.trim().toLowerCase())
    && status.startsWith(filterControl("status").value.trim().replace(/x+$/i, ""))
    && ["", decision].includes(filterControl("decision").value)
    && (filterControl("preflights").checked || !isPassedPreflight);
}

function filterRequests() {
  const rows = [...document.getElementById("request").rows];
  for (const row of rows) {
    row.hidden = !isShown(row);
  }
  const hidden = rows.filter((row) => row.hidden).length;
  const text = hidden ? `${rows.length - hidden} of ${rows.length} shown` : "";
  if (filterControl("count").textContent !== text) { // a screen reader reads each change
    filterControl("count").textContent = text;
  }
}

async function refresh() {
  refreshing = null;
  const answer = await fetch(`/?key=${key}`, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [shown, fresh] = [document, page].map((one) => one.getElementById("deployed"));
  if (!shown.isEqualNode(fresh)) {
    shown.replaceWith(fresh);
  }
}

function refreshSoon() {
  // A command makes many changes in a row.
  refreshing ??= setTimeout(() => refresh().catch(() => {}), 300);
}

function follow() {
  const source = new EventSource(`/_cgw/events?key=${key}&after=${lastId}`);
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      lastId = event.lastEventId;
      addRow(kind, JSON.parse(event.data));
    });
  }
  source.addEventListener("change", (event) => {
    lastId = event.lastEventId;
    refreshSoon();
  });
  source.onopen = () => {
    if (connection.className === "lost") {
      refreshSoon();
    }
    say("live", "live");
  };
  source.onerror = () => {
    say("lost", "connection lost, trying again");
    source.close();
    setTimeout(reconnect, RETRY);
  };
}

async function reconnect() {
  try {
    const answer = await fetch(`/?key=${key}`);
    if (answer.status === 403) {
      location.reload(); // after a restart there is another key
    } else {
      follow();
    }
  } catch {
    setTimeout(reconnect, RETRY);
  }
}

for (const time of document.querySelectorAll("time")) {
  time.textContent = localTime(time.dateTime);
}
for (const happened of ["input", "change"]) { // some browsers lack one for a select
  document.getElementById("filter").addEventListener(happened, filterRequests);
}
document.getElementById("filter").hidden = false;
filterRequests();
follow();
