// Makes elements, renders lists without losing the focus, and tells the stack's time.

let offsetSeconds = 0;

/** Returns the time by the stack's clock, in milliseconds since 1970. */
export const now = () => Date.now() + offsetSeconds * 1000;

/** Sets by how much the stack's clock is ahead of this machine's. */
export function setOffset(seconds) {
  offsetSeconds = seconds;
}

/** Returns an element with attributes and children; `on…` attributes are listeners. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Replaces the children. An element with the same `data-key` has the focus afterwards. */
export function render(root, children) {
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scroll = root.scrollTop;
  root.replaceChildren(...children);
  root.scrollTop = scroll;
  if (focused) root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** Returns a state as a word with a shape and a colour. */
export function mark(word, state) {
  return h("span", { class: "mark", "data-state": state }, word);
}

/** Returns the time of day, with the whole instant on hover; with the day if it is another. */
export function time(instant) {
  if (!instant) return h("span", {}, "–");
  const date = new Date(instant);
  const isToday = date.toDateString() === new Date(now()).toDateString();
  const day = isToday ? "" : `${date.toLocaleDateString([], { month: "short", day: "numeric" })} `;
  const text = day + date.toLocaleTimeString([], { hour12: false });
  return h("time", { datetime: instant, title: `${date.toISOString()} (UTC)` }, text);
}

/** Returns the time that is left in words; empty when it is over. */
export function left(instant) {
  const seconds = Math.floor((new Date(instant) - now()) / 1000);
  if (seconds <= 0) return "";
  const part = (value) => String(value).padStart(2, "0");
  return `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)} left`;
}

/** Returns a count with its noun: `1 token`, `2 tokens`. */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

/** Offers a text as a file. */
export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Says something to a screen reader. */
export function announce(text) {
  byId("announce").textContent = text;
}
