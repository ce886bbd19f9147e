// Everything works without this file. With it, pages marked data-live refresh themselves, and a form is sent only once.
(() => {
  "use strict";
  const live = document.querySelector("main[data-live]");
  if (live) {
    const note = document.querySelector(".live");
    if (note) note.hidden = false;
    const refresh = async () => {
      if (document.hidden || live.contains(document.activeElement)) return;
      const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
      if (!answer || !answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (!fresh) return;
      live.replaceChildren(...fresh.childNodes);
      const again = live.querySelector(".live");
      if (again) again.hidden = false;
    };
    setInterval(refresh, Number(live.dataset.live) * 1000);
    // News comes at once where the stream can be reached; a burst of it is one refresh.
    let soon = 0;
    const news = () => { clearTimeout(soon); soon = setTimeout(refresh, 400); };
    const stream = new EventSource("/v1/alerts/stream");
    for (const kind of ["opened", "updated", "acknowledged", "started", "handled", "dismissed", "reassignment_asked",
      "assigned", "escalated", "resolved", "expired", "reopened"]) stream.addEventListener(kind, news);
    addEventListener("pagehide", () => stream.close());
  }
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
})();
