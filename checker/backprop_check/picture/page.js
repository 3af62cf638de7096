// Go through the steps by keys, buttons and clicks. Names are in the markup only; here are numbers.
const root = document.documentElement;
const steps = [...document.querySelectorAll(".steps > li")];
const nodes = document.querySelectorAll(".node");
const edges = document.querySelectorAll(".edge");
const [back, on] = document.querySelectorAll(".keys button");
const where = document.querySelector(".where");
const numbers = (element, name) => (element.dataset[name] || "").split(" ").filter(Boolean).map(Number);
let at = 0;

function go(to) {
  at = Math.max(0, Math.min(to, steps.length));
  const done = steps.slice(0, Math.max(at - 1, 0));
  for (const drawn of [...nodes, ...edges, ...steps]) drawn.classList.remove("now", "from", "done");
  for (const step of done) {
    nodes[step.dataset.node].classList.add("done");
    for (const edge of numbers(step, "edges")) edges[edge].classList.add("done");
  }
  root.classList.toggle("begun", at > 0);
  back.disabled = at === 0;
  on.disabled = at === steps.length;
  where.textContent = at ? `step ${at} of ${steps.length}` : `${steps.length} steps back`;
  // In a notebook's frame there is no address to keep.
  if (location.protocol !== "about:") history.replaceState(null, "", location.href.split("#")[0] + (at ? `#step-${at}` : ""));
  if (at === 0) return;
  const step = steps[at - 1];
  step.classList.add("now");
  for (const edge of numbers(step, "edges")) edges[edge].classList.replace("done", "now") || edges[edge].classList.add("now");
  for (const node of numbers(step, "from")) nodes[node].classList.add("from");
  const node = nodes[step.dataset.node];
  node.classList.remove("done");
  node.classList.add("now");
  node.scrollIntoView({ block: "center", inline: "center" });
}

const moves = { ArrowRight: 1, ArrowDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
addEventListener("keydown", (event) => {
  const pressed = event.key === " " && event.target.closest("button");
  if (pressed || !(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  go(at + moves[event.key] * (event.key === " " && event.shiftKey ? -1 : 1));
});
back.addEventListener("click", () => go(at - 1));
on.addEventListener("click", () => go(at + 1));
for (const link of document.querySelectorAll("a[href^='#step-']"))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    go(Number(link.getAttribute("href").slice(6)));
  });
root.classList.add("live");
go(Number((location.hash.match(/^#step-(\d+)$/) || [0, 0])[1]));
