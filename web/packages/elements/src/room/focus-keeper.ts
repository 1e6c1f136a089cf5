/** Moves the focus into what opens and back to where it was when that closes. */

import type { Ui } from "./view.js";

export class FocusKeeper {
  #back: HTMLElement | null = null;

  /** Call it before the change is drawn. */
  before(root: ShadowRoot, then: Ui, now: Ui): void {
    const opens = (!then.dialog && now.dialog) || (!then.menu && now.menu);
    if (opens && root.activeElement instanceof HTMLElement) this.#back = root.activeElement;
  }

  /** Call it after the change is drawn. */
  after(root: ShadowRoot, then: Ui, now: Ui): void {
    const dialog = root.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
    if (now.menu && now.menu !== then.menu) focus(root, ".menu button");
    if (now.panel !== then.panel) this.#panel(root, then, now);
    const closed = (then.dialog && !now.dialog) || (then.menu && !now.menu);
    if (closed && !now.dialog && !now.menu) this.#restore(root);
  }

  #panel(root: ShadowRoot, then: Ui, now: Ui): void {
    if (now.panel === "chat") focus(root, "[name=text]");
    else if (now.panel === "people") focus(root, "[part~=close-panel]");
    else if (!root.activeElement) focus(root, `[part~="${then.panel}"]`);
  }

  #restore(root: ShadowRoot): void {
    const back = this.#back;
    this.#back = null;
    if (!root.activeElement && back?.isConnected) back.focus();
  }
}

function focus(root: ShadowRoot, selector: string): void {
  root.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
}
