
// --- the jump ------------------------------------------------------------------------------------

const AMPLITUDES = {
  type1: "one constant",
  one_sided: "an affine function of x\u2081",
  two_sided: "a sum of activations of affine functions of x\u2081, which has simple poles alone",
};
const THEOREMS = { type1: "T2", one_sided: "T4", two_sided: "T5" };

function renderJump(view) {
  const flat = view.target.dimension === 1;
  const jumps = [["target", "target", view.function], ["la", "LA", view.at.la], ["moa", "MoA", view.at.moa]];
  const read = (of, part) => numbers(of[part], Float64Array);
  const at = station(view);
  const { bands } = drawing;
  const where = flat ? "At x\u2081 = 0" : `At x\u2081 = ${short(spread(drawing.stations)[at])}`;
  const value = (of, part) => [node("span", short(read(of, part)[at]), "value"), " ", badge("numerical")];
  $("jumps-title").textContent = `${where}, change of the slope`;
  rows($("jumps"), jumps.flatMap(([, said, of]) => [
    [`${said}, on the kink itself`, value(of, "jump")],
    [`${said}, within ${bands.near} of it`, value(of, "near")],
    [`${said}, within ${bands.band}`, value(of, "band")],
  ]));
  $("jump").closest("figure").hidden = flat;
  $("jump-words").textContent = flat
    ? "In one dimension the kink is a point: the jump of the slope there is one number, which LA can have, too."
    : `Across x\u2082 = 0 the slope of the target jumps by an amount that depends on x\u2081. That of an LA network of this form, of any width, jumps by ${AMPLITUDES[view.target.form]} (theory, ${THEOREMS[view.target.form]}); that of MoA follows its gates.`;
  if (flat) return;
  const xs = spread(drawing.stations);
  const most = Math.max(...jumps.flatMap(([, , of]) => [largest(read(of, "near")), 0.05]));
  const places = box($("jump"), {
    height: 300, x: [-1, 1], y: [-1.15 * most, 1.15 * most],
    xTicks: [[-1, "\u22121"], [0, "0"], [1, "1"]], yTicks: roundTicks(most), name: tickName,
    xName: "x\u2081, along the kink x\u2082 = 0", yName: "change of the slope in x\u2082",
  });
  const cursor = places.across(xs[at]);
  $("jump").append(element("line", { class: "cursor", x1: cursor, x2: cursor, y1: 26, y2: places.floor }));
  for (const [kind, , of] of jumps) {
    const kept = Array.from(read(of, "near"), (value) => Math.max(-1.15 * most, Math.min(1.15 * most, value)));
    $("jump").append(line(places, xs, kept, kind));
    const band = Array.from(read(of, "band"), (value) => Math.max(-1.15 * most, Math.min(1.15 * most, value)));
    if (kind !== "target") $("jump").append(line(places, xs, band, `${kind} thin`));
    for (let place = 10; kind !== "target" && place < xs.length; place += 20) {
      $("jump").append(mark(kind, places.across(xs[place]), places.up(kept[place])));
    }
  }
  legend($("jump"), places.across(-1) + 4, 14, jumps.map(([kind, said]) => [kind, said]));
  $("jump").setAttribute("aria-label", `jump along the kink: ${jumps.map(([, said, of]) => `${said} from ${short(read(of, "near")[0])} to ${short(read(of, "near").at(-1))}`).join(", ")}`);
  $("jump-caption").textContent = `Lines: the change of slope within ${bands.near} of the kink, as the kink of a fit lies close to the target's, not on it. Thin dashed: within ${bands.band}, where the kinks of several neurons make up a change together.`;
}

function legend(svg, x, y, entries) {
  entries.forEach(([kind, said], index) => {
    svg.append(element("line", { class: `series ${kind}`, x1: x + 90 * index, x2: x + 24 + 90 * index, y1: y - 4, y2: y - 4 }));
    svg.append(element("text", { x: x + 30 + 90 * index, y, class: kind }, said));
  });
}

// --- errors --------------------------------------------------------------------------------------

const NORMS = { l2: "L\u00b2 error", w1inf: "gradient error", sup: "sup error" };

function renderErrors(view) {
  const norm = checked("norm");
  const [least, most] = [-17, 1];
  const log = (digits) => Math.min(most, Math.max(least, Math.log10(Number(digits))));
  const ticks = view.fits.la.map((fit, index) => [index, String(fit.width)]);
  const svg = $("ladder");
  const places = box(svg, {
    height: 320, x: [-0.5, ticks.length - 0.5], y: [least, most], xTicks: ticks,
    yTicks: [-16, -12, -8, -4, 0], name: (power) => `1e${power}`.replace("-", "\u2212"),
    xName: "width", yName: NORMS[norm],
  });
  const now = data.widths.indexOf(view.now.width);
  const band = { class: "now", x: places.across(now - 0.5), width: places.across(1) - places.across(0), y: 26, height: places.floor - 26 };
  svg.prepend(element("rect", band));
  const kinds = Object.keys(view.fits);
  kinds.forEach((kind, place) => {
    const shift = 0.22 * (place - (kinds.length - 1) / 2);
    const points = view.fits[kind].map((fit, index) => [index + shift, fit]);
    const reached = points.filter(([, fit]) => fit.errors[norm]);
    svg.append(line(places, reached.map(([x]) => x), reached.map(([, fit]) => log(fit.errors[norm].digits)), `${kind} link`));
    for (const [x, fit] of points) {
      const floor = fit.bounds[norm];
      if (floor) svg.append(element("line", { class: `floor ${kind}`, x1: places.across(x - 0.1), x2: places.across(x + 0.1), y1: places.up(log(floor.digits)), y2: places.up(log(floor.digits)) }));
      if (fit.errors[norm]) svg.append(mark(kind, places.across(x), places.up(log(fit.errors[norm].digits))));
    }
  });
  legend(svg, places.across(-0.5) + 4, 14, kinds.map((kind) => [kind, drawing.kinds[kind]]));
  svg.setAttribute("aria-label", `${NORMS[norm]} against width, log scale: the numbers stand below for width ${view.now.width}`);
  $("cards").replaceChildren(...kinds.map((kind) => card(view.at[kind])));
}

function quantity(number) {
  if (!number) return "none";
  return [node("span", number.shown, "value"), " ", badge(number.evidence), node("small", number.digits)];
}

const VERDICTS = { member: "contains the target", non_member: "does not contain the target", unknown: "not decided" };

function card(fit) {
  const made = node("article", [], `card ${fit.kind}`);
  made.append(node("h3", `${fit.among > 1 ? `fixed, closest of ${fit.among}: ` : ""}${fit.label}, width ${fit.width}`), node("p", `${fit.parameters} parameters`, "fine"));
  const list = document.createElement("dl");
  const entries = [];
  for (const [norm, said] of Object.entries(NORMS)) {
    const floor = fit.bounds[norm];
    entries.push([said, quantity(fit.errors[norm])]);
    if (floor) {
      const reach = floor.every_width ? "at every width" : "at this width";
      entries.push([`floor of the class, ${reach} (${floor.method})`, quantity(floor)]);
    }
  }
  const { verdict, evidence, reason } = fit.membership;
  entries.push(["verdict", [node("span", VERDICTS[verdict], "value"), " ", badge(evidence),
    node("details", [node("summary", "Why"), written("p", reason)])]]);
  rows(list, entries);
  made.append(list);
  const entry = data.atlas?.classes.find((each) => each.family === fit.family);
  if (entry) {
    const button = node("button", `${entry.name} in the atlas`, "link");
    button.type = "button";
    button.addEventListener("click", () => follow(entry.name));
    made.append(button);
  }
  return made;
}
