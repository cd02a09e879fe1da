/* The console stays up to date: when something was said, the part with id "live" is fetched again. */
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live) return;
  let pending = false;
  async function renew() {
    if (pending || live.contains(document.activeElement)) return;
    pending = true;
    try {
      const response = await fetch(location.href, { credentials: "same-origin" });
      if (response.redirected) return location.reload();
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const open = [...live.querySelectorAll("details")].map((each) => each.open);
      live.replaceChildren(...page.getElementById("live").childNodes);
      live.querySelectorAll("details").forEach((each, index) => { each.open = open[index] || false; });
    } finally { pending = false; }
  }
  new EventSource(live.dataset.events).addEventListener("changed", () => setTimeout(renew, 150));
})();
