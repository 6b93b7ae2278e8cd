/** The script of the HTML report: it renders a task's requests when the task is opened, in portions, and filters them. */

/**
 * Plain JavaScript for any browser of the last years. It builds elements and sets `textContent`, never HTML, so no text of a
 * run is ever parsed. It reads the rows html-tasks.ts writes.
 */
export const REPORT_SCRIPT = `
"use strict";
(() => {
const PORTION = 200;
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const tasks = [...document.querySelectorAll("details.task")].map((element) => ({
  element, box: element.querySelector(".requests"), data: element.querySelector(".rows"), rows: null, stale: true,
}));
const rowsOf = (task) => {
  if (task.rows === null) {
    task.rows = task.data === null ? [] : JSON.parse(task.data.textContent);
    for (const row of task.rows) {
      row.found = [row.method, row.url, row.status, row.requestError, row.name, ...row.folders,
        ...row.assertions.flat(), ...row.scriptErrors].join("\\n").toLowerCase();
    }
    task.repeats = task.rows.some((row) => row.iteration > 0);
  }
  return task.rows;
};
const filter = { words: [], failed: false };
const matches = (row) => (!filter.failed || row.failed) && filter.words.every((word) => row.found.includes(word));
const time = (milliseconds) => milliseconds === null ? "-" : milliseconds < 1000 ? Math.round(milliseconds) + " ms" : (milliseconds / 1000).toFixed(1) + " s";

const block = (title, text) => {
  const nodes = [make("h3", "", title), make("pre", "", text)];
  return text === null || text === "" ? [] : nodes;
};
const headers = (list) => list.map(([name, value]) => name + ": " + value).join("\\n");
const renderDetail = (row) => {
  const detail = make("div", "detail");
  detail.append(make("div", "", row.method + " " + row.url));
  for (const problem of [row.requestError, ...row.scriptErrors]) if (problem !== null) detail.append(make("div", "red-text", problem));
  const list = make("ul");
  for (const [name, outcome, message] of row.assertions) {
    const mark = outcome === "passed" ? "\\u2713 " : outcome === "failed" ? "\\u2717 " : "\\u2013 ";
    const item = make("li", outcome === "failed" ? "red-text" : "", mark + name + (outcome === "skipped" ? " (skipped)" : ""));
    if (message) item.append(make("div", "", message));
    list.append(item);
  }
  detail.append(list);
  if (row.console.length > 0) detail.append(...block("Console", row.console.join("\\n")));
  if (row.exchange !== null) {
    detail.append(...block("Request headers", headers(row.exchange.requestHeaders)), ...block("Request body", row.exchange.requestBody),
      ...block("Response headers", headers(row.exchange.responseHeaders)), ...block("Response body", row.exchange.responseBody));
  }
  return detail;
};
const renderRow = (row, repeats) => {
  const element = make("details", row.failed ? "request red" : "request");
  const summary = make("summary");
  const name = make("span");
  name.append(row.name + " ", make("small", "", row.folders.join(" \\u203a ") + (repeats ? " iteration " + (row.iteration + 1) : "")));
  const passed = row.assertions.filter(([, outcome]) => outcome === "passed").length;
  summary.append(make("span", "dot", row.failed ? "\\u2717" : "\\u2713"), make("code", "", row.method), name,
    make("span", "number status", row.status === null ? "-" : String(row.status)), make("span", "number", time(row.responseTimeMs)),
    make("span", "number ratio", row.assertions.length === 0 ? "" : passed + "/" + row.assertions.length));
  element.append(summary);
  element.addEventListener("toggle", () => { if (element.open && element.children.length === 1) element.append(renderDetail(row)); });
  return element;
};
const renderPortion = (task, rows, from) => {
  const portion = document.createDocumentFragment();
  for (const row of rows.slice(from, from + PORTION)) portion.append(renderRow(row, task.repeats));
  const left = rows.length - from - PORTION;
  if (left > 0) {
    const more = make("button", "more", "Show " + Math.min(PORTION, left) + " more of " + rows.length);
    more.type = "button";
    more.addEventListener("click", () => { more.remove(); renderPortion(task, rows, from + PORTION); });
    portion.append(more);
  }
  task.box.append(portion);
};
const render = (task) => {
  if (!task.stale || task.box === null || !task.element.open) return;
  task.stale = false;
  task.box.textContent = "";
  renderPortion(task, rowsOf(task).filter(matches), 0);
};
for (const task of tasks) task.element.addEventListener("toggle", () => render(task));

const form = document.getElementById("filter");
const text = document.getElementById("filter-text");
const failed = document.getElementById("filter-failed");
const count = document.getElementById("filter-count");
const applyFilter = () => {
  filter.words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
  filter.failed = failed.checked;
  const active = filter.words.length > 0 || filter.failed;
  let found = 0, all = 0;
  for (const task of tasks) {
    const shown = active ? rowsOf(task).filter(matches).length : 0;
    found += shown;
    all += active ? task.rows.length : 0;
    task.element.hidden = active && shown === 0;
    task.stale = true;
    render(task);
  }
  count.textContent = active ? found + " of " + all + " requests" : "";
};
let timer;
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(applyFilter, 120); });
applyFilter();

const openTarget = () => {
  const task = tasks.find(({ element }) => "#" + element.id === location.hash);
  if (!task) return;
  task.element.hidden = false;
  task.element.open = true;
  task.element.scrollIntoView();
};
addEventListener("hashchange", openTarget);
openTarget();
})();
`;

/** What the page's policy allows to run. A test compares it with the script and says the new value when they differ. */
export const REPORT_SCRIPT_HASH = "sha256-2nepIIGO+cDti69ybNndCCNKT0nmahScZmJHIRuRuQk=";
