/** What all elements share: server address, texts, events that leave the shadow root. */

import { LitElement, type PropertyDeclarations } from "lit";
import { serverAddress } from "./logic/parameters.js";
import { type Backend, network } from "./room/backend.js";
import { english, type Text } from "./text.js";

export class AntiphonElement extends LitElement {
  static override properties: PropertyDeclarations = {
    server: {},
    text: { attribute: false },
    backend: { attribute: false },
  };

  /** Base address of the node; the page's own origin if absent. */
  declare server: string | null;
  /** The words; give an object of the same shape for another language. */
  declare text: Text;
  /** What stands for the server and the devices; replaced in demonstrations and tests. */
  declare backend: Backend;

  constructor() {
    super();
    this.server = null;
    this.text = english;
    this.backend = network;
  }

  /** The base address without a slash at its end. */
  get serverAddress(): string {
    return serverAddress(this.server, new URL(location.href));
  }

  /** Sends an event that passes shadow roots and bubbles. */
  emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** Whether somebody looks at the page now. */
export function isAttentive(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Defines an element once, however often the module is loaded. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
