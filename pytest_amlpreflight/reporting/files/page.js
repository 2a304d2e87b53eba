"use strict";
const words = document.getElementById("words");
const state = document.getElementById("state");
const topic = document.getElementById("topic");
const shown = document.getElementById("shown");
const findings = Array.from(document.querySelectorAll("details[data-state]"));
const texts = findings.map((one) => one.textContent.toLowerCase());

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  findings.forEach((one, at) => {
    const fits =
      (!state.value || one.dataset.state === state.value) &&
      (!topic.value || one.dataset.topic === topic.value) &&
      wanted.every((word) => texts[at].includes(word));
    one.hidden = !fits;
    count += fits ? 1 : 0;
  });
  shown.textContent = `${count} of ${findings.length} shown`;
}

for (const one of [words, state, topic]) {
  one.addEventListener("input", filter);
  one.addEventListener("change", filter);
}
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = findings.filter((one) => !one.open);
  closed.forEach((one) => { one.open = true; });
});
window.addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));
filter();
