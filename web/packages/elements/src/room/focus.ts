/** Moving the focus with arrow keys within a row of controls; it knows no feature. */

import { rove } from "../logic/shortcuts.js";

/** Handles a key press in a container whose items match `selector`. */
export function roveFocus(event: KeyboardEvent, selector: string): void {
  const container = event.currentTarget;
  // A menu within a toolbar has moved the focus already.
  if (event.defaultPrevented) return;
  if (!(container instanceof HTMLElement) || !(event.target instanceof HTMLElement)) return;
  const items = [...container.querySelectorAll<HTMLElement>(selector)]
    .filter(isReachable)
    .sort(byPlace);
  const index = items.indexOf(event.target);
  const next = index < 0 ? null : rove(event.key, index, items.length);
  const item = next === null ? undefined : items[next];
  if (!item) return;
  event.preventDefault();
  for (const other of items) other.tabIndex = other === item ? 0 : -1;
  item.focus();
}

/** As it is read: by lines, each from left to right. */
function byPlace(left: HTMLElement, right: HTMLElement): number {
  const one = left.getBoundingClientRect();
  const other = right.getBoundingClientRect();
  const sameLine = Math.abs(one.top - other.top) < Math.min(one.height, other.height) / 2;
  return sameLine ? one.left - other.left : one.top - other.top;
}

function isReachable(item: HTMLElement): boolean {
  return item.getClientRects().length > 0 && !item.hasAttribute("disabled");
}
