"use strict";
// Reads the titles of the columns under each picture and shows them beside the pointer, or as the arrow keys move.
// Without this script the browser shows the same titles by itself.
(() => {
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");

  const table = (lines, streams) => {
    const table = document.createElement("table");
    for (const line of lines) {
      const row = table.insertRow();
      const cells = line.split("\t");
      for (const cell of cells) row.insertCell().textContent = cell;
      row.className = streams.get(cells[0]) ?? "";
    }
    return table;
  };

  for (const plot of document.querySelectorAll("svg.plot")) {
    const area = plot.parentElement;
    const cursor = plot.querySelector(".cursor");
    const columns = [...plot.querySelectorAll(".columns rect")].map((rect) => {
      const text = rect.querySelector("title").textContent;
      rect.replaceChildren();
      return { rect, text, middle: Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) / 2 };
    });
    const streams = new Map();
    for (const g of plot.querySelectorAll("g.series")) {
      streams.set(g.dataset.stream, [...g.classList].find((c) => c !== "series"));
    }
    let at = -1;

    const show = (index, x, y) => {
      at = index;
      const { text, middle } = columns[index];
      const [head, ...lines] = text.split("\n");
      const title = document.createElement("b");
      title.textContent = head;
      tip.replaceChildren(title, table(lines, streams));
      tip.hidden = false;
      cursor.setAttribute("x1", middle);
      cursor.setAttribute("x2", middle);
      cursor.classList.add("on");
      const box = tip.getBoundingClientRect();
      const left = x + 16 + box.width > innerWidth ? x - 16 - box.width : x + 16;
      tip.style.left = Math.max(4, left) + "px";
      tip.style.top = Math.max(4, Math.min(y + 16, innerHeight - box.height - 4)) + "px";
    };
    const hide = () => {
      tip.hidden = true;
      cursor.classList.remove("on");
    };

    columns.forEach(({ rect }, index) => {
      rect.addEventListener("pointermove", (event) => show(index, event.clientX, event.clientY));
    });
    plot.addEventListener("pointerleave", hide);
    area.addEventListener("blur", hide);
    area.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -columns.length, End: columns.length }[event.key];
      if (event.key === "Escape") hide();
      if (step === undefined || columns.length === 0) return;
      event.preventDefault();
      const next = Math.max(0, Math.min(columns.length - 1, at + step));
      columns[next].rect.scrollIntoView({ block: "nearest", inline: "nearest" });
      const box = columns[next].rect.getBoundingClientRect();
      show(next, box.left, box.top);
      said.textContent = columns[next].text.replaceAll("\t", " ").replaceAll("\n", "; ");
    });
  }
})();
