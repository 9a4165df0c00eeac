
// --- state: the controls, and the fragment of the address that repeats them ----------------------

const $ = (id) => document.getElementById(id);
const form = $("controls");
const probe = { x1: $("x1"), x2: $("x2") };

function checked(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

function state() {
  return {
    target: checked("target"),
    gate: checked("gate"),
    lambda: data.lambdas[$("lambda").value],
    width: data.widths[$("width").value],
  };
}

function gateInput(name) {
  return document.querySelector(`input[name="gate"][value="${name}"]`);
}

function assume(parameters) {
  for (const name of ["target", "gate"]) {
    const asked = document.querySelector(`input[name="${name}"][value="${CSS.escape(parameters.get(name) ?? "")}"]`);
    if (asked) asked.checked = true;
  }
  for (const [name, values] of [["lambda", data.lambdas], ["width", data.widths.map(String)]]) {
    const place = values.indexOf(parameters.get(name));
    if (place >= 0) $(name).value = place;
  }
}

function remember() {
  const parameters = new URLSearchParams(state());
  const chosen = $("class");
  if (chosen) parameters.set("class", chosen.value);
  return `#${parameters}`;
}

// --- one scene -----------------------------------------------------------------------------------

function shown() {
  const target = data.targets.find((each) => each.name === checked("target"));
  for (const input of document.querySelectorAll('input[name="gate"]')) {
    input.disabled = !target.gates.includes(input.value);
    if (input.disabled && input.checked) gateInput(target.gates[0]).checked = true;
  }
  const now = state();
  const scene = data.scenes[`${now.target}|${target.rated ? now.lambda : ""}|${now.gate}`];
  const fits = {};
  for (const fit of scene.fits.map((key) => data.fits[key])) {
    (fits[fit.kind] ??= []).push(fit);
  }
  const at = Object.fromEntries(
    Object.entries(fits).map(([kind, each]) => [kind, each.find((fit) => fit.width === now.width)]),
  );
  return { now, target, scene, fits, at, function: data.functions[scene.function] };
}

function badge(evidence) {
  const made = document.createElement("span");
  made.className = `badge ${evidence}`;
  made.textContent = evidence;
  return made;
}

function node(name, content, className) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  if (className) made.className = className;
  return made;
}

// What the page's writer has escaped, with mathematics in it.
function written(name, html) {
  const made = document.createElement(name);
  made.innerHTML = html;
  return made;
}

function rows(list, entries) {
  list.replaceChildren(...entries.map(([term, value]) => {
    const row = document.createElement("div");
    row.append(node("dt", term), node("dd", value));
    return row;
  }));
}

function renderHead(view) {
  const { now, target, scene } = view;
  $("formula").innerHTML = scene.formula;
  $("lambda").closest("fieldset").disabled = !target.rated;
  const rate = target.rated ? now.lambda : "none";
  $("lambda-now").textContent = rate;
  $("lambda").setAttribute("aria-valuetext", rate);
  $("width-now").textContent = now.width;
  $("width").setAttribute("aria-valuetext", now.width);
  const place = target.dimension === 1 ? "on [\u22121, 1]" : "on the unit disk";
  $("status").textContent = `${place}; neurons of form ${target.form}, width ${now.width}, ` +
    `MoA with ${now.gate} gates${target.rated ? `, \u03bb = ${now.lambda}` : ""}`;
  $("verdicts").replaceChildren(...scene.gaps.map((gap) => {
    const made = node("div", [], `verdict${gap.surprising ? " surprising" : ""}`);
    made.append(node("p", [written("span", gap.sentence), " ", badge(gap.evidence)]));
    made.append(node("details", [node("summary", "Why"), written("p", gap.reason)]));
    return made;
  }));
}

function pictures(view) {
  const values = numbers(view.function.values, Float32Array);
  const of = (kind) => numbers(view.at[kind].difference, Float32Array);
  const plus = (kind) => of(kind).map((difference, place) => values[place] + difference);
  const said = (kind) => `${drawing.kinds[kind]}, width ${view.now.width}`;
  return {
    target: { title: `target ${view.target.name}`, values, kind: "target" },
    la: { title: `best ${said("la")}`, values: plus("la"), kind: "la" },
    moa: { title: `best ${said("moa")}`, values: plus("moa"), kind: "moa" },
    "la-difference": { title: "LA \u2212 target", values: of("la"), kind: "la", own: true },
    "moa-difference": { title: "MoA \u2212 target", values: of("moa"), kind: "moa", own: true },
  };
}

function renderPictures(view) {
  const made = pictures(view);
  const common = Math.max(...["target", "la", "moa"].map((name) => largest(made[name].values)));
  const line = view.target.dimension === 1;
  $("pictures").classList.toggle("line", line);
  for (const [name, { title, values, kind, own }] of Object.entries(made)) {
    const figure = $(`picture-${name}`);
    const most = own ? largest(values) : common;
    const words = `${title}: largest size ${short(largest(values))}`;
    figure.querySelector("figcaption").textContent = title;
    figure.querySelector(".scale").textContent = `scale \u00b1${short(most)}`;
    const [canvas, svg] = [figure.querySelector("canvas"), figure.querySelector(".curve")];
    (line ? svg : canvas).setAttribute("aria-label", words);
    if (line) view.places = { ...view.places, [name]: curve(svg, values, kind, most) };
    else paint(canvas, values, most);
  }
  view.pictures = made;
}

// --- a point -------------------------------------------------------------------------------------

function nearest(view) {
  const [x1, x2] = [Number(probe.x1.value), Number(probe.x2.value)];
  if (view.target.dimension === 1) return Math.round(((x1 + 1) / 2) * (drawing.curve - 1));
  const [i, j] = [x1, x2].map((x) => Math.round(((x + 1) / 2) * last));
  return placeOf.get(j * drawing.side + i);
}

function station(view) {
  if (view.target.dimension === 1) return 0;
  return Math.round(((Number(probe.x1.value) + 1) / 2) * (drawing.stations - 1));
}

function renderPoint(view) {
  const line = view.target.dimension === 1;
  $("x2-row").hidden = $("colours").hidden = line;
  for (const [name, input] of Object.entries(probe)) $(`${name}-now`).textContent = short(Number(input.value));
  const place = nearest(view);
  const names = [["target", "target"], ["la", "LA"], ["moa", "MoA"], ["la-difference", "LA \u2212 target"],
    ["moa-difference", "MoA \u2212 target"]];
  rows($("values"), names.map(([name, said]) => [said, place === undefined ? "outside the disk"
    : [node("span", short(view.pictures[name].values[place]), "value"), " ", badge("numerical")]]));
  for (const svg of document.querySelectorAll(".marker")) {
    const point = svg.querySelector(".point");
    point.setAttribute("cx", probe.x1.value);
    point.setAttribute("cy", -probe.x2.value);
  }
  for (const [name, { across, floor }] of Object.entries((line && view.places) || {})) {
    const svg = $(`picture-${name}`).querySelector(".curve");
    svg.querySelector(".cursor")?.remove();
    const x = across(Number(probe.x1.value));
    svg.append(element("line", { class: "cursor", x1: x, x2: x, y1: 26, y2: floor }));
  }
  renderJump(view);
}

// --- together ------------------------------------------------------------------------------------

let view = null;
function render() {
  view = shown();
  renderHead(view);
  renderPictures(view);
  renderPoint(view);
  renderErrors(view);
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  render();
  history.replaceState(null, "", remember());
});
for (const input of Object.values(probe)) input.addEventListener("input", () => renderPoint(view));
for (const input of document.querySelectorAll('input[name="norm"]')) {
  input.addEventListener("input", () => renderErrors(view));
}
for (const picture of document.querySelectorAll(".picture")) {
  const move = (event) => {
    const place = picture.getBoundingClientRect();
    const line = view.target.dimension === 1;
    const across = event.clientX - place.left;
    probe.x1.value = line ? view.places.target.back(across) : (2 * across) / place.width - 1;
    if (!line) probe.x2.value = 1 - (2 * (event.clientY - place.top)) / place.height;
    renderPoint(view);
  };
  picture.addEventListener("pointerdown", move);
  picture.addEventListener("pointermove", (event) => event.buttons === 1 && event.pointerType === "mouse" && move(event));
}
addEventListener("resize", render);
assume(new URLSearchParams(data.first));
assume(new URLSearchParams(location.hash.slice(1)));
render();
