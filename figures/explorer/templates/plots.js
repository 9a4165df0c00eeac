"use strict";
// Decoding, images and charts. Every number that comes from a record is text already.

const data = JSON.parse(document.getElementById("data").textContent);
const drawing = data.drawing;
const last = drawing.side - 1;

// Indices of the disk's nodes, row by row, of growing x2: whole numbers, as they were written.
const inside = [];
for (let j = 0; j <= last; j += 1) {
  for (let i = 0; i <= last; i += 1) {
    if ((2 * i - last) ** 2 + (2 * j - last) ** 2 <= last ** 2) inside.push(j * drawing.side + i);
  }
}
const placeOf = new Map(inside.map((index, place) => [index, place]));

// A pixel beyond the edge, which the page cuts off, has the colour of the nearest node before it.
const painted = [...inside.entries()];
for (let j = 0; j <= last; j += 1) {
  for (let i = 0; i <= last; i += 1) {
    const index = j * drawing.side + i;
    if (placeOf.has(index)) continue;
    const shrink = (last - 2) / Math.hypot(2 * i - last, 2 * j - last);
    const [a, b] = [i, j].map((x) => Math.round((last + shrink * (2 * x - last)) / 2));
    painted.push([placeOf.get(b * drawing.side + a), index]);
  }
}

function decoded(text, Type) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Type(bytes.buffer);
}

const kept = new Map();
function numbers(text, Type) {
  if (!kept.has(text)) kept.set(text, decoded(text, Type));
  return kept.get(text);
}

function spread(count) {
  return Array.from({ length: count }, (_, index) => -1 + (2 * index) / (count - 1));
}

function largest(values) {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

// Three digits, as the records' own short form.
function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 0.01 && size < 100 ? value.toPrecision(3) : value.toExponential(2);
  return text.replace("-", "\u2212").replace("e\u2212", "e-").replace("e-", "e\u2212");
}

function paint(canvas, values, most) {
  canvas.width = canvas.height = drawing.side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(drawing.side, drawing.side);
  const middle = (drawing.shades.length - 1) / 2;
  for (const [place, index] of painted) {
    const row = last - Math.floor(index / drawing.side);
    const at = 4 * (row * drawing.side + (index % drawing.side));
    const shade = drawing.shades[Math.round(middle + (middle * values[place]) / (most || 1))];
    image.data.set([...shade, 255], at);
  }
  context.putImageData(image, 0, 0);
}

// --- SVG -----------------------------------------------------------------------------------------

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// As short as a round number is.
function tickName(value) {
  return String(Number(value.toPrecision(2))).replace("-", "\u2212").replace("e-", "e\u2212");
}

// A box of coordinates with axes, a unit a pixel: returns what places points in it.
function box(svg, { height, x, y, xTicks, yTicks, xName, yName, name = String }) {
  const edge = { left: 60, right: 14, top: 26, bottom: 38 };
  const width = Math.max(260, svg.getBoundingClientRect().width);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const across = (value) =>
    edge.left + ((value - x[0]) / (x[1] - x[0])) * (width - edge.left - edge.right);
  const up = (value) =>
    height - edge.bottom - ((value - y[0]) / (y[1] - y[0])) * (height - edge.top - edge.bottom);
  const [start, end, floor] = [across(x[0]), across(x[1]), up(y[0])];
  for (const tick of yTicks) {
    svg.append(element("line", { class: "grid", x1: start, x2: end, y1: up(tick), y2: up(tick) }));
    const at = { x: start - 6, y: up(tick) + 4, "text-anchor": "end", class: "soft" };
    svg.append(element("text", at, name(tick)));
  }
  svg.append(element("path", { class: "frame", d: `M${start} ${up(y[1])}V${floor}H${end}` }));
  for (const [value, text] of xTicks) {
    const at = { x: across(value), y: floor + 15, "text-anchor": "middle", class: "soft" };
    svg.append(element("text", at, text));
  }
  svg.append(
    element("text", { x: (start + end) / 2, y: height - 6, "text-anchor": "middle" }, xName),
    element("text", { transform: `translate(12 ${up((y[0] + y[1]) / 2)}) rotate(-90)`, "text-anchor": "middle" }, yName),
  );
  const back = (place) => x[0] + ((place - start) / (end - start)) * (x[1] - x[0]);
  return { across, up, back, floor };
}

function line(places, xs, ys, kind) {
  const points = Array.from(ys, (value, index) =>
    `${places.across(xs[index]).toFixed(2)},${places.up(value).toFixed(2)}`);
  return element("polyline", { class: `series ${kind}`, points: points.join(" ") });
}

const SHAPES = {
  fixed: "M-4.5 -4.5H4.5V4.5H-4.5Z",
  la: "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1 -5 0Z",
  moa: "M0 -5.5L5.5 4.5H-5.5Z",
};
function mark(kind, x, y) {
  return element("path", { class: `mark ${kind}`, d: SHAPES[kind], transform: `translate(${x} ${y})` });
}

// Round numbers around a symmetric range.
function roundTicks(most) {
  if (!(most > 0)) return [-1, 0, 1];
  const step = 10 ** Math.floor(Math.log10(most));
  const size = [5, 2, 1].map((factor) => factor * step).find((candidate) => candidate <= most) ?? step;
  return [-size, 0, size];
}

function curve(svg, values, kind, most) {
  const ticks = roundTicks(most);
  const reach = 1.08 * (most || 1);
  const places = box(svg, {
    height: 210, x: [-1, 1], y: [-reach, reach], xTicks: [[-1, "\u22121"], [0, "0"], [1, "1"]],
    yTicks: ticks, xName: "x\u2081", yName: "", name: tickName,
  });
  svg.append(line(places, spread(values.length), values, kind));
  return places;
}
