// What the pages do beyond htmx: say how fresh they are, and keep the charts current.
"use strict";

(() => {
  const freshness = document.getElementById("freshness");

  function fresh() {
    const now = new Date().toISOString().slice(11, 19);
    freshness.classList.remove("stale");
    freshness.innerHTML = '<span class="word">Updated</span> <time></time> UTC';
    freshness.querySelector("time").textContent = now;
  }

  function stale() {
    if (freshness.classList.contains("stale")) return;
    const last = freshness.querySelector("time");
    freshness.classList.add("stale");
    freshness.textContent = `Driftline does not answer; shown as of ${last ? last.textContent : "earlier"} UTC`;
  }

  // htmx tells of a swap even when an error left the page as it was.
  document.addEventListener("htmx:after:swap", (event) => {
    if ((event.detail?.ctx?.response?.status ?? 200) < 400) fresh();
  });
  document.addEventListener("htmx:response:error", stale);
  document.addEventListener("htmx:error", stale);

  if (document.getElementById("charts")) {
    const page = new driftline.ChartPage(() => document.getElementById("charts"), stale);
    document.addEventListener("htmx:after:swap", () => page.refreshIfMoved());
    page.run();
  }
})();
