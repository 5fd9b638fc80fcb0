// Keeps marked parts of a page fresh while somebody can see it. Every page is complete without it.
"use strict";

const news = document.getElementById("news");
const parts = [...document.querySelectorAll("[data-live]")];
let sources = [];

// A browser opens few connections to one host; pages nobody sees shall not hold them all.
document.addEventListener("visibilitychange", follow);
window.addEventListener("pagehide", stop);
window.addEventListener("pageshow", follow);

function follow() {
  stop();
  if (!document.hidden) sources = parts.map(listen);
}

function stop() {
  sources.forEach((source) => source.close());
  sources = [];
}

function listen(part) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("fresh", (event) => show(part, event.data));
  source.addEventListener("moved", (event) => {
    show(part, event.data);
    // What the buttons stand on has changed. Nobody loses what they were writing: the answer to an act that is no
    // longer possible says so.
    const isWriting = [...document.querySelectorAll("textarea")].some((text) => text.value !== text.defaultValue);
    if (!isWriting) location.reload();
  });
  return source;
}

function show(part, html) {
  const before = part.querySelector("[data-news]")?.textContent;
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const ticked = new Set([...part.querySelectorAll("input:checked")].map((tick) => tick.value));
  part.innerHTML = html;
  for (const tick of part.querySelectorAll("input[type=checkbox]")) tick.checked = ticked.has(tick.value);
  if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  const after = part.querySelector("[data-news]")?.textContent;
  if (after && after !== before) news.textContent = after;
}

// Keys, shown on the buttons they stand for. They lead there; pressing stays the reader's own act. `j` and `k` go from
// row to row.
document.documentElement.classList.add("keys");
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
  const rows = [...document.querySelectorAll(".row-title")];
  const at = rows.indexOf(document.activeElement);
  const target = event.key === "j" ? rows[Math.min(at + 1, rows.length - 1)]
    : event.key === "k" ? rows[Math.max(at - 1, 0)]
    : event.key === "/" ? document.querySelector("input[type=search]")
    : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  target.focus();
});

// A form whose answer is counted while it is filled in; its button does the same. Only the newest answer is shown.
for (const form of document.querySelectorAll("form[data-count]")) {
  const counted = document.getElementById("counted");
  let waits = 0, asked = 0;
  form.addEventListener("input", () => {
    clearTimeout(waits);
    waits = setTimeout(async () => {
      const own = ++asked;
      const answer = await fetch(`${form.dataset.count}?${new URLSearchParams(new FormData(form))}`);
      const html = answer.ok ? await answer.text() : "";
      if (own === asked) counted.innerHTML = html;
    }, 400);
  });
}

// What is folded away in the menu folds again when the reader turns to something else, or says so.
const more = document.querySelector(".more");
if (more) {
  document.addEventListener("click", (event) => { if (!more.contains(event.target)) more.open = false; });
  more.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !more.contains(event.relatedTarget)) more.open = false;
  });
  more.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    more.open = false;
    more.querySelector("summary").focus();
  });
}
