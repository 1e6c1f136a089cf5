/** `<antiphon-chat>`: the chat of a room, by itself or beside an `<antiphon-room>`. */

import type { Room } from "@antiphon/client";
import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { AntiphonElement, define } from "./base.js";
import type { Problem } from "./logic/problems.js";
import { chatView } from "./room/chat.js";
import { ChatLog } from "./room/chat-log.js";
import { ChatScroll } from "./room/chat-scroll.js";
import { noteView } from "./room/prejoin.js";
import { AntiphonRoom } from "./room/room-element.js";
import { RoomSession, type SessionState } from "./room/session.js";
import { storedName } from "./storage.js";
import { chatElementStyles } from "./styles/chat-element.js";
import { controls } from "./styles/controls.js";
import { panelStyles } from "./styles/panel.js";
import { prejoinStyles } from "./styles/prejoin.js";
import { tokens } from "./styles/tokens.js";

export class AntiphonChat extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    room: {},
    name: {},
    token: {},
    for: {},
    theme: { reflect: true },
    state: { reflect: true },
  };
  static override styles = [tokens, controls, panelStyles, prejoinStyles, chatElementStyles];

  /** Name of the room to enter for the chat alone. */
  declare room: string;
  declare name: string;
  declare token: string;
  /** Id of an `<antiphon-room>` in the same tree, whose chat is shown instead. */
  declare for: string;
  declare theme: "light" | "dark" | null;
  declare state: SessionState;

  #session: RoomSession | null = null;
  /** The chat of another element's room. */
  #borrowed: ChatLog | null = null;
  #room: Room | null = null;
  #offs: (() => void)[] = [];
  readonly #scroll = new ChatScroll();

  constructor() {
    super();
    this.room = "";
    this.name = "";
    this.token = "";
    this.for = "";
    this.theme = null;
    this.state = "prejoin";
  }

  /** The client library's room; setting it shows that room's chat. */
  get controller(): Room | null {
    return this.#room ?? this.#session?.room ?? null;
  }

  set controller(room: Room | null) {
    this.#return();
    if (room) this.#borrow(room);
    this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#return();
    this.#session?.close();
    this.#session = null;
  }

  override willUpdate(): void {
    this.#scroll.before();
    if (this.#session) this.state = this.#session.state;
  }

  override render(): TemplateResult {
    const chat = this.#borrowed ?? this.#session?.chat;
    const problem = this.#session?.problem ?? null;
    return html`${problem ? this.#trouble(problem) : nothing}
    ${chat ? chatView({ text: this.text, chat }) : nothing}`;
  }

  override updated(): void {
    this.#scroll.after(this.renderRoot);
  }

  #trouble(problem: Problem): TemplateResult {
    const again = html`<br /><button
        type="button"
        class="button small"
        part="retry"
        @click=${() => void this.#session?.join()}
      >
        ${this.text.retry}
      </button>`;
    return noteView(problem, problem.retry ? again : nothing);
  }

  #begin(): void {
    if (this.for) this.#follow();
    else if (this.room && !this.#room) this.#join();
  }

  /** Shows the chat of the element named by `for`, whenever it is in its room. */
  #follow(): void {
    const root = this.getRootNode() as Document | ShadowRoot;
    const element = root.getElementById(this.for);
    if (!(element instanceof AntiphonRoom)) return;
    const joined = () => {
      this.controller = element.controller;
      this.#listen(element, joined);
    };
    this.#listen(element, joined);
    if (element.controller) joined();
    else this.#borrowed ??= this.#newLog();
    this.requestUpdate();
  }

  #listen(element: AntiphonRoom, joined: () => void): void {
    element.addEventListener("antiphon-joined", joined);
    this.#offs.push(() => element.removeEventListener("antiphon-joined", joined));
  }

  #join(): void {
    const element = this;
    const session = new RoomSession({
      get text() {
        return element.text;
      },
      get backend() {
        return element.backend;
      },
      get server() {
        return element.serverAddress;
      },
      get room() {
        return element.room;
      },
      get name() {
        return element.name || storedName() || element.text.guest;
      },
      receive: "none",
      changed: () => element.requestUpdate(),
      emit: (name, detail) => element.emit(name, detail),
    });
    session.identity.give(this.token);
    session.chat.open = true;
    this.#session = session;
    void session.join();
  }

  #borrow(room: Room): void {
    const chat = this.#newLog();
    chat.attach(room);
    this.#room = room;
    this.#borrowed = chat;
    this.state = "joined";
    this.#offs.push(
      room.on("message", (message) => {
        chat.heard(message);
        this.emit("antiphon-message", message);
      }),
      room.on("rejoined", () => this.requestUpdate()),
      room.on("ended", () => {
        chat.attach(null);
        this.state = "ended";
      }),
    );
  }

  #newLog(): ChatLog {
    const chat = new ChatLog(
      () => this.requestUpdate(),
      (error) => this.emit("antiphon-error", { attempt: "action", reason: String(error) }),
    );
    chat.open = true;
    return chat;
  }

  #return(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#room = null;
    this.#borrowed = null;
  }
}

define("antiphon-chat", AntiphonChat);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-chat": AntiphonChat;
  }
}
