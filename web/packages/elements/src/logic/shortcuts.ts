/** Which key does what in a room; it knows keyboard events and no feature. */

export type Shortcut =
  | "microphone"
  | "camera"
  | "chat"
  | "people"
  | "hand"
  | "screen"
  | "fullscreen"
  | "layout"
  | "help"
  | "close";

export const SHORTCUTS: readonly { readonly key: string; readonly does: Shortcut }[] = [
  { key: "m", does: "microphone" },
  { key: "v", does: "camera" },
  { key: "s", does: "screen" },
  { key: "c", does: "chat" },
  { key: "p", does: "people" },
  { key: "h", does: "hand" },
  { key: "l", does: "layout" },
  { key: "f", does: "fullscreen" },
  { key: "?", does: "help" },
  { key: "escape", does: "close" },
];

export interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

/** What a key press asks for; null while somebody types, with a modifier, or for other keys. */
export function shortcutOf(event: Key, typing: boolean): Shortcut | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return null;
  if (event.isComposing || event.defaultPrevented) return null;
  const key = event.key.toLowerCase();
  const found = SHORTCUTS.find((shortcut) => shortcut.key === key)?.does ?? null;
  return typing && found !== "close" ? null : found;
}

/** True if what has the focus takes text itself. */
export function takesText(target: unknown): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return !["button", "checkbox", "radio", "range", "submit"].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** The index that an arrow key moves the focus to in a row of `count`; null for other keys. */
export function rove(key: string, index: number, count: number): number | null {
  if (count < 1) return null;
  if (key === "ArrowRight" || key === "ArrowDown") return (index + 1) % count;
  if (key === "ArrowLeft" || key === "ArrowUp") return (index - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
