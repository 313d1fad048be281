"use strict";

// A page that comes back from the browser's back/forward cache may be of a session that has ended.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(`${location.origin}${location.pathname}`);
});

// The bar of a token's remaining life.
const left = document.querySelector("[data-left]");
if (left) {
  const bar = document.querySelector("progress");
  const end = performance.now() + 1000 * Number(left.dataset.left);
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    bar.value = seconds;
    left.textContent = `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  };
  tick();
  setInterval(tick, 1000);
}
