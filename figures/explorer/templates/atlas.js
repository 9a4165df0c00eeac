
// --- the atlas: from class to class --------------------------------------------------------------

const RELATIONS = [
  ["equal", "the same functions"],
  ["inside", "lies in"],
  ["contains", "contains"],
  ["incomparable", "neither lies in the other"],
  ["open", "not decided"],
];

const ANSWERS = { yes: "yes", domain: "on the domain", no: "no", open: "open" };

function relation(there, back) {
  const [up, down] = [there, back].map(([answer]) => (answer === "open" ? "open" : answer === "no" ? "no" : "in"));
  if (up === "in" && down === "in") return "equal";
  if (up === "open" || down === "open") return "open";
  return up === "in" ? "inside" : down === "in" ? "contains" : "incomparable";
}

function neighbour(own, name, there, back) {
  const [, first, why] = there;
  const [, second, whyBack] = back;
  const button = node("button", name, "link");
  button.type = "button";
  button.addEventListener("click", () => follow(name));
  const marks = first === second ? [badge(first)] : [badge(first), " ", badge(second)];
  const said = relation(there, back) === "open" || there[0] === "domain" || back[0] === "domain"
    ? [node("small", ` ${own} in ${name}: ${ANSWERS[there[0]]}; ${name} in ${own}: ${ANSWERS[back[0]]}`)] : [];
  const item = node("li", [button, " ", ...marks, ...said]);
  item.append(" ", node("details", [node("summary", "Why"), written("p", why), written("p", whyBack)]));
  return item;
}

const classes = data.atlas?.classes ?? [];
const table = classes.map(() => []);
for (const [smaller, larger, ...said] of data.atlas?.cells ?? []) table[smaller][larger] = said;

function showClass() {
  const own = classes.findIndex((entry) => entry.name === $("class").value);
  const groups = Object.fromEntries(RELATIONS.map(([name]) => [name, []]));
  classes.forEach((entry, other) => {
    if (other === own) return;
    const [there, back] = [table[own][other], table[other][own]];
    groups[relation(there, back)].push(neighbour(classes[own].name, entry.name, there, back));
  });
  $("class-title").textContent = `${classes[own].name} (${classes[own].label})`;
  $("relations").replaceChildren(...RELATIONS.flatMap(([name, words]) => groups[name].length === 0 ? [] : [
    node("h4", `${words}: ${groups[name].length}`),
    node("ul", groups[name], `relations ${name}`),
  ]));
}

function follow(name) {
  $("class").value = name;
  showClass();
  history.pushState(null, "", remember());
  $("class-title").focus();
}

function recall() {
  const asked = new URLSearchParams(location.hash.slice(1)).get("class");
  const named = (name) => classes.some((entry) => entry.name === name);
  $("class").value = [asked, "la", classes[0].name].find(named);
  showClass();
}

if (data.atlas) {
  $("class").addEventListener("change", () => follow($("class").value));
  recall();
}
addEventListener("popstate", () => {
  assume(new URLSearchParams(location.hash.slice(1)));
  render();
  if (data.atlas) recall();
});
