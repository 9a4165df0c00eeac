"use strict";
// Without this script everything is visible; with it, tables sort.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(table, headers, column));
    header.append(button);
  });
}

function sort(table, headers, column) {
  const descending = headers[column].getAttribute("aria-sort") === "ascending";
  const sign = descending ? -1 : 1;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [row, key(row.cells[column])]);
  rows.sort(([, a], [, b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // missing values stay last
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  });
  body.append(...rows.map(([row]) => row));
  for (const header of headers) header.removeAttribute("aria-sort");
  headers[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
}

function key(cell) {
  const number = cell.dataset.sort;
  if (number === undefined) return cell.textContent.trim();
  return number === "" ? null : Number(number);
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
