/** `<antiphon-room>`: a whole video room, from the screen before it to the one after it. */

import type { Room } from "@antiphon/client";
import { html, type PropertyDeclarations, type TemplateResult } from "lit";
import type { AccountSession } from "../account/session.js";
import { sharedAccount } from "../account/shared.js";
import { AntiphonElement, define, isAttentive } from "../base.js";
import { ChatScroll } from "../chat/scroll.js";
import type { Faces } from "../chat/view.js";
import { chooseLayout } from "../logic/gallery.js";
import { inviteLink, isOn, readRoomAddress } from "../logic/parameters.js";
import { type Shortcut, shortcutOf, takesText } from "../logic/shortcuts.js";
import { AudioOutput } from "../media/audio-output.js";
import { LevelMeter } from "../media/level-meter.js";
import { Streams } from "../media/streams.js";
import { OverlayFocus } from "../overlay-focus.js";
import { rememberRoom, storedName, storeName } from "../storage.js";
import { chatStyles } from "../styles/chat.js";
import { composeStyles } from "../styles/compose.js";
import { controls } from "../styles/controls.js";
import { noticeStyles } from "../styles/notices.js";
import { panelStyles } from "../styles/panel.js";
import { prejoinStyles } from "../styles/prejoin.js";
import { roomStyles } from "../styles/room.js";
import { tileStyles } from "../styles/tile.js";
import { tokens } from "../styles/tokens.js";
import { bannersView, noticesView } from "./banners.js";
import { barView } from "./bar.js";
import { dialogView } from "./dialogs.js";
import { FocusKeeper } from "./focus-keeper.js";
import { galleryView, type Scene, sceneOf, TileOrder } from "./gallery.js";
import { panelView } from "./panel.js";
import { prejoinView } from "./prejoin.js";
import { RoomSession, type SessionState } from "./session.js";
import { INITIAL_UI, type RoomView, type Ui } from "./view.js";
import { endedView, errorView, joiningView, loginView } from "./words.js";

const COPIED_SHOWN = 2000;
const SETTLED = 160;
const MENUS = ".menu, .emoji, [data-menu-button]";
const CHAT_OVERLAYS = ".row-of > .menu, .emoji";

export class AntiphonRoom extends AntiphonElement implements RoomView {
  static override properties: PropertyDeclarations = {
    room: {},
    name: {},
    token: {},
    join: { type: Boolean },
    layout: {},
    audio: {},
    video: {},
    theme: { reflect: true },
    homeLink: { attribute: "home" },
    shortcuts: {},
    fromAddress: { type: Boolean, attribute: "from-address" },
    state: { reflect: true },
    ui: { state: true },
  };
  static override styles = [
    tokens,
    controls,
    noticeStyles,
    roomStyles,
    tileStyles,
    panelStyles,
    chatStyles,
    composeStyles,
    prejoinStyles,
  ];

  /** Name of the room. */
  declare room: string;
  /** Name to be shown to others. */
  declare name: string;
  /** A JWT; without one it is as the page is signed in, else it asks for a guest's. */
  declare token: string;
  /** Enter at once. */
  declare join: boolean;
  /** The layout to begin with. */
  declare layout: "grid" | "speaker";
  /** `off`: begin without microphone, without camera. */
  declare audio: string | null;
  declare video: string | null;
  declare theme: "light" | "dark" | null;
  /** Where "Back to start" leads; no such link if absent. */
  declare homeLink: string | null;
  /** `off`: the element takes no keys. */
  declare shortcuts: string | null;
  /** Take room, name, `join`, `audio`, `video`, `layout` and token from the page's address. */
  declare fromAddress: boolean;
  /** Where the person is; reflected. */
  declare state: SessionState;
  declare ui: Ui;

  session: RoomSession;
  readonly streams = new Streams();
  #typed: string | null = null;
  #drawn: Ui = INITIAL_UI;
  #stage: string | null = null;
  #scene: Scene | null = null;
  #sound: AudioOutput | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | null = null;
  readonly #focus = new FocusKeeper();
  readonly #scroll = new ChatScroll();
  readonly #overlay = new OverlayFocus();
  readonly #order = new TileOrder();
  readonly #sizes = new ResizeObserver((entries) => this.#resized(entries));
  readonly #meter = new LevelMeter((level) => this.#showLevel(level));

  constructor() {
    super();
    this.room = "";
    this.name = "";
    this.token = "";
    this.join = false;
    this.layout = "grid";
    this.audio = null;
    this.video = null;
    this.theme = null;
    this.homeLink = null;
    this.shortcuts = null;
    this.fromAddress = false;
    this.state = "prejoin";
    this.ui = INITIAL_UI;
    this.session = this.#newSession();
  }

  /** The client library's room while one is in it. */
  get controller(): Room | null {
    return this.session.room;
  }

  get faces(): Faces {
    return this.#account.faces;
  }

  get roomName(): string {
    return this.room;
  }

  get displayName(): string {
    return this.#typed ?? this.name;
  }

  get inviteLink(): string {
    return inviteLink(this.serverAddress, this.room);
  }

  get home(): string {
    return this.homeLink ?? "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.#onKey);
    document.addEventListener("pointerdown", this.#onPointer);
    document.addEventListener("fullscreenchange", this.#onFullscreen);
    document.addEventListener("visibilitychange", this.#onLook);
    window.addEventListener("focus", this.#onLook);
    window.addEventListener("pagehide", this.#onPageHide);
    // After the attributes of a parsed or created element are all there.
    queueMicrotask(() => {
      if (this.isConnected) this.#begin();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#onKey);
    document.removeEventListener("pointerdown", this.#onPointer);
    document.removeEventListener("fullscreenchange", this.#onFullscreen);
    document.removeEventListener("visibilitychange", this.#onLook);
    window.removeEventListener("focus", this.#onLook);
    window.removeEventListener("pagehide", this.#onPageHide);
    this.#unwatch?.();
    this.#unwatch = null;
    this.#sizes.disconnect();
    this.#meter.stop();
    this.#sound?.close();
    this.session.close();
    this.session = this.#newSession();
  }

  /** Enters the room, as the button does. */
  async enter(): Promise<void> {
    await this.session.join();
  }

  /** Leaves the room, as the button does. */
  async leave(): Promise<void> {
    await this.session.leave();
  }

  set(change: Partial<Ui>): void {
    const then = this.ui;
    this.ui = { ...then, ...change };
    this.#focus.before(this.renderRoot as ShadowRoot, then, this.ui);
    if (then.panel !== this.ui.panel) this.session.chat.open = this.ui.panel === "chat";
  }

  rename(name: string): void {
    this.#typed = name;
    this.requestUpdate();
  }

  hear(): void {
    this.#sound?.resume();
  }

  chooseOutput(deviceId: string): void {
    this.set({ output: deviceId });
    void this.#sound?.choose(deviceId);
  }

  async copyInvite(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.inviteLink);
      this.set({ copied: true });
      setTimeout(() => this.set({ copied: false }), COPIED_SHOWN);
    } catch {
      // No permission, or not a secure page: the link stands there selected, to be copied by hand.
      this.renderRoot.querySelector<HTMLInputElement>('[part~="invite-link"]')?.select();
      this.session.notices.show(this.text.invite.failed, "warning");
    }
  }

  async shareInvite(): Promise<void> {
    try {
      await navigator.share({
        title: this.text.invite.shareTitle(this.room),
        url: this.inviteLink,
      });
    } catch (error) {
      const closed = error instanceof DOMException && error.name === "AbortError";
      if (!closed) this.session.refused("action", error);
    }
  }

  /** Does what a key or its button asks for. */
  does(shortcut: Shortcut): void {
    const { session, ui } = this;
    const sends = !session.listening;
    const inside = session.inside;
    if (shortcut === "microphone") return void (sends && session.toggleMicrophone());
    if (shortcut === "camera") return void (sends && session.toggleCamera());
    if (!inside) return;
    if (shortcut === "screen" && sends) void session.toggleScreen();
    else if (shortcut === "hand") void session.toggleHand();
    else if (shortcut === "chat") this.set({ panel: ui.panel === "chat" ? "" : "chat" });
    else if (shortcut === "people") this.set({ panel: ui.panel === "people" ? "" : "people" });
    else if (shortcut === "layout") this.#switchLayout();
    else if (shortcut === "fullscreen") void this.#switchFullscreen();
    else if (shortcut === "help") this.set({ dialog: "shortcuts" });
    else if (shortcut === "close") this.set(ui.menu ? { menu: "" } : { panel: "" });
  }

  override willUpdate(): void {
    this.#scroll.before();
    this.state = this.session.state;
    this.#scene = this.session.inside ? sceneOf(this, this.#stage) : null;
    this.#stage = this.#scene?.stage?.key ?? null;
  }

  override render(): TemplateResult {
    return html`${this.#screen()} ${noticesView(this)}
      <div id="sounds" hidden></div>`;
  }

  override updated(): void {
    const root = this.renderRoot as ShadowRoot;
    this.#focus.after(root, this.#drawn, this.ui);
    this.#drawn = this.ui;
    const { chat } = this.session;
    this.#overlay.after(root, CHAT_OVERLAYS);
    if (this.#scroll.after(root, chat.ready, chat.target)) chat.target = null;
    this.#observe(root.querySelector(".gallery"));
    this.#meter.watch(root.querySelector(".meter") ? this.session.microphone.track : null);
    const tracks = [...(this.session.room?.tracks.values() ?? [])];
    this.#output(root).update(tracks.filter((track) => track.kind === "audio"));
  }

  #screen(): TemplateResult {
    const { session } = this;
    if (this.#scene) return this.#call(this.#scene);
    if (session.state === "error" && session.problem) return errorView(this, session.problem);
    if (session.state === "ended") return endedView(this);
    if (session.needsLogin) return loginView(this);
    if (session.state === "joining" && this.join) return joiningView(this);
    return prejoinView(this);
  }

  #call(scene: Scene): TemplateResult {
    return html`<main class="screen call" part="call">
      ${bannersView(this)} ${galleryView(this, scene, this.#order)} ${panelView(this)} 
      ${barView(this, scene)} ${dialogView(this)}
    </main>`;
  }

  #begin(): void {
    if (this.fromAddress) this.#readAddress();
    if (this.#typed === null && !this.name) this.#typed = storedName();
    this.set({ layout: { ...this.ui.layout, preferred: this.layout } });
    const { session } = this;
    session.identity.give(this.token || this.#account.token);
    if (!this.name && !this.#typed) this.#typed = this.#account.name || null;
    session.microphone.on = isOn(this.audio, true);
    session.camera.on = isOn(this.video, true);
    this.#unwatch = this.backend.watchDevices(() => void session.refreshDevices());
    this.requestUpdate();
    void (this.join ? session.joinAtOnce() : session.prepare());
  }

  #readAddress(): void {
    const address = readRoomAddress(new URL(location.href));
    this.room = address.room || this.room;
    this.name = address.name || this.name;
    this.token = address.token || this.token;
    this.join = address.join || this.join;
    this.layout = address.layout ?? this.layout;
    if (!address.audio) this.audio = "off";
    if (!address.video) this.video = "off";
    if (this.room) document.title = `${this.room} · ${this.text.product}`;
  }

  /** The session of the page, if it is signed in. */
  get #account(): AccountSession {
    return sharedAccount(this.backend, this.serverAddress);
  }

  #newSession(): RoomSession {
    const element = this;
    return new RoomSession({
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
        return element.displayName.trim() || element.text.guest;
      },
      receive: "all",
      attentive: () => isAttentive(),
      changed: () => element.requestUpdate(),
      emit: (name, detail) => element.#emitted(name, detail),
    });
  }

  #emitted(name: string, detail: unknown): void {
    if (name === "antiphon-joined") {
      if (this.#typed) storeName(this.#typed.trim());
      if (this.fromAddress) rememberRoom(this.room);
    }
    if (name === "antiphon-left") {
      this.ui = { ...INITIAL_UI, layout: this.ui.layout, output: this.ui.output };
      if (document.fullscreenElement === this) void document.exitFullscreen();
    }
    this.emit(name, detail);
  }

  #switchLayout(): void {
    const scene = this.#scene;
    if (!scene) return;
    const layout = scene.layout === "grid" ? "speaker" : "grid";
    const chosen = chooseLayout(this.ui.layout, layout, scene.shared);
    this.set({ layout: chosen, pinned: null, page: 0 });
  }

  async #switchFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.requestFullscreen();
    } catch (error) {
      // An embedding page may forbid it.
      this.session.refused("action", error);
    }
  }

  #output(root: ShadowRoot): AudioOutput {
    const container = root.getElementById("sounds");
    if (!this.#sound && container) {
      this.#sound = new AudioOutput(container, () => {
        this.set({ soundBlocked: this.#sound?.blocked ?? false });
      });
    }
    if (!this.#sound) throw new Error("the element is not drawn yet");
    return this.#sound;
  }

  #observe(gallery: Element | null): void {
    if (!gallery || gallery === this.#observed) return;
    this.#sizes.disconnect();
    this.#sizes.observe(gallery);
    this.#observed = gallery;
  }
  #observed: Element | null = null;

  #resized(entries: readonly ResizeObserverEntry[]): void {
    const size = entries[entries.length - 1]?.contentRect;
    if (!size || (size.width === this.ui.area.width && size.height === this.ui.area.height)) return;
    this.set({ area: { width: size.width, height: size.height }, resizing: true });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.set({ resizing: false }), SETTLED);
  }

  #showLevel(level: number): void {
    const meter = this.renderRoot?.querySelector<HTMLElement>(".meter");
    meter?.style.setProperty("--level", level.toFixed(2));
    meter?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const path = event.composedPath();
    const target = path[0];
    const ours = path.includes(this) || target === document.body;
    if (!ours || !isOn(this.shortcuts, true) || this.ui.dialog) return;
    const shortcut = shortcutOf(event, takesText(target));
    if (!shortcut || (!this.session.inside && this.session.state !== "prejoin")) return;
    if (shortcut !== "close") event.preventDefault();
    this.does(shortcut);
  };

  readonly #onPointer = (event: PointerEvent): void => {
    this.#meter.resume();
    if (this.ui.soundBlocked) this.hear();
    const overlay =
      this.session.chat.overlay !== null && this.session.chat.overlay.kind !== "retract";
    if (!this.ui.menu && !overlay) return;
    const within = event
      .composedPath()
      .some((node) => node instanceof Element && node.matches(MENUS));
    if (!within && this.ui.menu) this.set({ menu: "" });
    if (!within && overlay) this.session.chat.show(null);
  };

  readonly #onLook = (): void => this.session.chat.seen();

  readonly #onFullscreen = (): void => {
    this.set({ fullscreen: document.fullscreenElement === this });
  };

  readonly #onPageHide = (): void => this.session.close();
}

define("antiphon-room", AntiphonRoom);

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-room": AntiphonRoom;
  }
}
