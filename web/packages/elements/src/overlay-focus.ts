/** Moves the focus into a menu that opens beside something, and back when it closes. */

const FIRST = '[role="menuitem"], [data-emoji]';

export class OverlayFocus {
  #shown: Element | null = null;
  #back: HTMLElement | null = null;

  /** After each drawing; `selector`: what may open. */
  after(root: ShadowRoot, selector: string): void {
    const overlay = root.querySelector(selector);
    if (overlay === this.#shown) return;
    const { activeElement } = root;
    if (overlay && !this.#shown && activeElement instanceof HTMLElement) this.#back = activeElement;
    this.#shown = overlay;
    if (overlay) overlay.querySelector<HTMLElement>(FIRST)?.focus({ preventScroll: true });
    else this.#restore(root);
  }

  /** Unless something else has it by now. */
  #restore(root: ShadowRoot): void {
    const back = this.#back;
    this.#back = null;
    if (!root.activeElement && back?.isConnected) back.focus({ preventScroll: true });
  }
}
