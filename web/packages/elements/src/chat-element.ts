/** `<antiphon-chat>`: a conversation with somebody, or of a room, by itself or beside another element. */

import type { Conversation, Room } from "@antiphon/client";
import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import type { AccountSession } from "./account/session.js";
import { sharedAccount } from "./account/shared.js";
import { AntiphonElement, define, isAttentive } from "./base.js";
import { headView } from "./chat/head.js";
import { chatView } from "./chat/log.js";
import type { ChatModel } from "./chat/model.js";
import { directPlace, localPart, wholeAddress } from "./chat/pair.js";
import { roomPlace } from "./chat/place.js";
import { ChatScroll } from "./chat/scroll.js";
import { Threads } from "./chat/threads.js";
import { type ChatView, type Faces, markedOf } from "./chat/view.js";
import type { Problem } from "./logic/problems.js";
import { OverlayFocus } from "./overlay-focus.js";
import { noticesView } from "./room/banners.js";
import { noteView } from "./room/prejoin.js";
import { AntiphonRoom } from "./room/room-element.js";
import { RoomSession, type SessionState } from "./room/session.js";
import { storedName } from "./storage.js";
import { chatStyles } from "./styles/chat.js";
import { chatElementStyles } from "./styles/chat-element.js";
import { composeStyles } from "./styles/compose.js";
import { controls } from "./styles/controls.js";
import { noticeStyles } from "./styles/notices.js";
import { prejoinStyles } from "./styles/prejoin.js";
import { presenceStyles } from "./styles/presence.js";
import { tokens } from "./styles/tokens.js";

const OVERLAYS = ".menu, .emoji";
const MENUS = `${OVERLAYS}, [data-menu-button]`;

/** Where the person is; `signed-out`: for a conversation with somebody one has to sign in. */
export type ChatState = SessionState | "signed-out";

export class AntiphonChat extends AntiphonElement {
  static override properties: PropertyDeclarations = {
    to: {},
    room: {},
    name: {},
    token: {},
    for: {},
    back: { type: Boolean },
    calls: {},
    theme: { reflect: true },
    state: { reflect: true },
  };
  static override styles = [
    tokens,
    controls,
    noticeStyles,
    chatStyles,
    composeStyles,
    prejoinStyles,
    presenceStyles,
    chatElementStyles,
  ];

  /** Address of the account with which the conversation is. */
  declare to: string;
  /** Name of the room to enter for the chat alone. */
  declare room: string;
  declare name: string;
  declare token: string;
  /** Id of an `<antiphon-room>` in the same tree, whose chat is shown instead. */
  declare for: string;
  /** Offer a way back, where the page shows one thing at a time. */
  declare back: boolean;
  /** `off`: no buttons that call. */
  declare calls: string | null;
  declare theme: "light" | "dark" | null;
  declare state: ChatState;

  #session: RoomSession | null = null;
  /** The chat of another element's room. */
  #borrowed: ChatModel | null = null;
  #room: Room | null = null;
  #offs: (() => void)[] = [];
  #begun = false;
  readonly #threads: Threads;
  readonly #scroll = new ChatScroll();
  readonly #overlay = new OverlayFocus();

  constructor() {
    super();
    this.to = "";
    this.room = "";
    this.name = "";
    this.token = "";
    this.for = "";
    this.back = false;
    this.calls = null;
    this.theme = null;
    this.state = "prejoin";
    const element = this;
    this.#threads = new Threads({
      get text() {
        return element.text;
      },
      changed: () => this.requestUpdate(),
      attentive: () => isAttentive(),
      emit: (name, detail) => this.emit(name, detail),
    });
  }

  /** The client library's room, or conversation; setting a room shows that room's chat. */
  get controller(): Room | Conversation | null {
    return (
      this.#room ??
      this.#session?.room ??
      (this.to ? (this.#threads.current?.place?.conversation ?? null) : null)
    );
  }

  set controller(room: Room | null) {
    this.#return();
    if (room) this.#borrow(room);
    this.requestUpdate();
  }

  /** The session of the page. */
  get account(): AccountSession {
    return sharedAccount(this.backend, this.serverAddress);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("pointerdown", this.#onPointer);
    document.addEventListener("visibilitychange", this.#onLook);
    window.addEventListener("focus", this.#onLook);
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.#onPointer);
    document.removeEventListener("visibilitychange", this.#onLook);
    window.removeEventListener("focus", this.#onLook);
    this.#end();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const moved = ["to", "room", "for"].some((name) => changed.has(name));
    if (this.#begun && moved && this.isConnected) {
      this.#end();
      this.#begin();
    }
    this.#scroll.before();
    if (this.#session) this.state = this.#session.state;
    else if (this.to) {
      this.state = this.account.signedIn ? "joined" : "signed-out";
      const place = directPlace(this.account, this.#address);
      this.#threads.show(this.#address, place);
    }
  }

  override render(): TemplateResult {
    const chat = this.#chat;
    const problem = this.#session?.problem ?? null;
    const notices = this.#session?.notices ?? this.#threads.notices;
    return html`${this.to ? headView(this) : nothing} ${problem ? this.#trouble(problem) : nothing}
    ${chat ? chatView(this.#view(chat)) : nothing} ${noticesView({ session: { notices } })}`;
  }

  override updated(): void {
    const root = this.renderRoot as ShadowRoot;
    const chat = this.#chat;
    const dialog = root.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
    this.#overlay.after(root, OVERLAYS);
    if (chat && this.#scroll.after(root, chat.ready, chat.target)) chat.target = null;
  }

  /** Brings a message into view, however far back it is. */
  async show(message: string): Promise<void> {
    await this.updateComplete;
    await this.#chat?.goTo(message);
  }

  /** Puts the cursor where one writes. */
  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('[part~="chat-input"]')?.focus();
  }

  get #chat(): ChatModel | null {
    return this.#borrowed ?? this.#session?.chat ?? (this.to ? this.#threads.current : null);
  }

  get #address(): string {
    return wholeAddress(this.to, this.account.address);
  }

  /** How the other one is called. */
  get peerName(): string {
    return this.faces.nameOf(this.#address, localPart(this.to));
  }

  get peer(): string {
    return this.#address;
  }

  get faces(): Faces {
    return this.account.faces;
  }

  /** The search of what is shown. */
  get finder() {
    return this.#chat?.finder ?? null;
  }

  #view(chat: ChatModel): ChatView {
    const { text } = this;
    const closed = this.to && this.state === "signed-out" ? text.chat.signedOut : "";
    return {
      text,
      chat,
      faces: this.faces,
      server: this.serverAddress,
      marked: markedOf(chat.messages),
      peerName: this.to ? this.peerName : "",
      closed: closed || (chat.place ? "" : this.to ? text.loading : text.chat.offline),
      offline: this.to ? this.account.state === "reconnecting" : this.state === "reconnecting",
    };
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
    this.#begun = true;
    if (this.for) this.#follow();
    else if (this.to) this.#write();
    else if (this.room && !this.#room) this.#join();
  }

  #end(): void {
    this.#begun = false;
    this.#return();
    this.#threads.hide();
    this.#session?.close();
    this.#session = null;
  }

  /** Writes to somebody, by the session of the page. */
  #write(): void {
    const { account } = this;
    this.#offs.push(
      account.on("changed", () => this.requestUpdate()),
      account.use(),
    );
    account.follow();
    this.requestUpdate();
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
    else this.#borrowed ??= this.#newChat();
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
        return element.name || element.account.name || storedName() || element.text.guest;
      },
      receive: "none",
      attentive: () => isAttentive(),
      changed: () => element.requestUpdate(),
      emit: (name, detail) => element.emit(name, detail),
    });
    session.identity.give(this.token || this.account.token);
    session.chat.open = true;
    this.#session = session;
    void session.join();
  }

  #borrow(room: Room): void {
    const chat = this.#newChat();
    chat.attach(roomPlace(room, () => null));
    this.#room = room;
    this.#borrowed = chat;
    this.state = "joined";
    this.#offs.push(
      room.on("message", (message) => this.emit("antiphon-message", message)),
      room.on("rejoined", () => this.requestUpdate()),
      room.on("ended", () => {
        chat.attach(null);
        this.state = "ended";
      }),
    );
  }

  #newChat(): ChatModel {
    const chat = this.#threads.newModel();
    chat.open = true;
    return chat;
  }

  #return(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#borrowed?.close();
    this.#room = null;
    this.#borrowed = null;
  }

  readonly #onLook = (): void => this.#chat?.seen();

  readonly #onPointer = (event: PointerEvent): void => {
    const chat = this.#chat;
    if (!chat?.overlay || chat.overlay.kind === "retract") return;
    const within = event
      .composedPath()
      .some((node) => node instanceof Element && node.matches(MENUS));
    if (!within) chat.show(null);
  };
}

define("antiphon-chat", AntiphonChat);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-chat": AntiphonChat;
  }
}
