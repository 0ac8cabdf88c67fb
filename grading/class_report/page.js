
// Tables sort by the heading that is selected; the students' table shows rows that hold a text.
"use strict";
const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function order(table, column, kind, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => {
    const text = row.cells[column].textContent.trim();
    const number = parseFloat(text);
    return { row, text, key: kind === "text" ? text : number, empty: kind === "text" ? !text : isNaN(number) };
  });
  rows.sort((a, b) => {
    if (a.empty || b.empty) return a.empty - b.empty; // at the end, either way
    const by = kind === "text" ? words.compare(a.key, b.key) : a.key - b.key;
    return down ? -by : by;
  });
  body.append(...rows.map((one) => one.row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const kind = head.dataset.sort;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const down = before === "none" ? kind === "number" : before === "ascending";
      for (const other of heads) if (other.dataset.sort) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      order(table, column, kind, down);
    });
  });
}

const filter = document.getElementById("filter");
const people = document.getElementById("people").tBodies[0];
filter.hidden = false;
filter.querySelector("input").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  let count = 0;
  for (const row of people.rows) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    count += !row.hidden;
  }
  filter.querySelector("span").textContent = wanted ? `${count} of ${people.rows.length}` : "";
});
