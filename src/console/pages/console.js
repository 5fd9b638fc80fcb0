// Keeps marked parts of a page fresh. Every page is complete without it.
"use strict";

const news = document.getElementById("news");

for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);

  source.addEventListener("fresh", (event) => show(part, event.data));
  source.addEventListener("moved", (event) => {
    show(part, event.data);
    // What the buttons stand on has changed. Nobody loses what they were writing: the answer to an act that is no longer
    // possible says so.
    const isWriting = [...document.querySelectorAll("textarea")].some((text) => text.value !== text.defaultValue);
    if (!isWriting) location.reload();
  });
}

function show(part, html) {
  const before = part.querySelector("[data-news]")?.textContent;
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  part.innerHTML = html;
  if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  const after = part.querySelector("[data-news]")?.textContent;
  if (after && after !== before) news.textContent = after;
}
