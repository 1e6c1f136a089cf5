/** One person's way through a room: prepare, join, take part, leave; it knows no element. */

import { type Devices, type Message, MOST_ATTACHMENTS, type Room } from "@antiphon/client";
import { ChatModel } from "../chat/model.js";
import { roomPlace, type Upload } from "../chat/place.js";
import { type Attempt, type Problem, problemOf, reasonOf } from "../logic/problems.js";
import { Input } from "../media/input.js";
import { ScreenShare } from "../media/screen-share.js";
import type { Text } from "../text.js";
import type { Backend, Link } from "./backend.js";
import { Identity } from "./identity.js";
import { Notices } from "./notices.js";
import { tellNews } from "./room-news.js";

export type SessionState = "prejoin" | "joining" | "joined" | "reconnecting" | "ended" | "error";

export interface Ending {
  readonly reason: string;
  readonly text: string;
}

/** What the session asks of the element around it. */
export interface SessionHost {
  readonly text: Text;
  readonly backend: Backend;
  /** Base address of the server, name of the room, name of the person. */
  readonly server: string;
  readonly room: string;
  readonly name: string;
  /** What to receive: all, or nothing for a chat alone. */
  readonly receive: "all" | "none";
  /** Somebody looks at it now. */
  attentive(): boolean;
  changed(): void;
  emit(name: string, detail: unknown): void;
}

const NO_DEVICES: Devices = { cameras: [], microphones: [], speakers: [] };

export type Moderation = "mute" | "remove" | "lower_hand" | "promote" | "demote";

export class RoomSession {
  state: SessionState = "prejoin";
  /** The pre-join screen asks for an account instead of a name. */
  needsLogin = false;
  /** Why the room was not entered, or the login refused. */
  problem: Problem | null = null;
  ending: Ending | null = null;
  room: Room | null = null;
  devices: Devices = NO_DEVICES;
  draining = false;
  readonly identity: Identity;
  readonly camera: Input;
  readonly microphone: Input;
  readonly screen: ScreenShare;
  readonly notices: Notices;
  readonly chat: ChatModel;
  #link: Link | null = null;
  #offs: (() => void)[] = [];
  #attempt = 0;

  constructor(readonly host: SessionHost) {
    const changed = () => host.changed();
    this.identity = new Identity(
      () => host.backend,
      () => host.server,
      () => host.name,
      () => host.room,
    );
    this.camera = new Input({ open: (id) => host.backend.openCamera(id), release: true, changed });
    this.microphone = new Input({
      open: (id) => host.backend.openMicrophone(id),
      release: false,
      changed,
    });
    this.screen = new ScreenShare({
      open: () => host.backend.openScreen(),
      publish: (track, source) => this.#inRoom().publish(track, { source }),
      changed,
    });
    this.notices = new Notices(changed);
    this.chat = new ChatModel({
      changed,
      refused: (attempt, error) => this.refused(attempt, error),
      attentive: () => host.attentive(),
      tooMany: () => this.notices.show(host.text.chat.files.tooMany(MOST_ATTACHMENTS), "warning"),
    });
  }

  get inside(): boolean {
    return this.state === "joined" || this.state === "reconnecting";
  }

  /** True while the room knows of somebody here who may not send. */
  get listening(): boolean {
    return this.room?.me.role === "listener";
  }

  /** Opens camera and microphone as far as they are wished for, and learns what devices there are. */
  async prepare(): Promise<void> {
    await Promise.all([this.microphone.prepare(), this.camera.prepare()]);
    await this.refreshDevices();
  }

  /** Learns anew which devices there are. */
  async refreshDevices(): Promise<void> {
    try {
      this.devices = await this.host.backend.listDevices();
    } catch (error) {
      // Without a list the browser's default devices are used.
      console.warn("antiphon: devices cannot be listed", error);
      this.devices = NO_DEVICES;
    }
    this.host.changed();
  }

  /** Enters the room; afterwards the state tells how it went. */
  async join(): Promise<void> {
    if (this.state === "joining" || this.inside) return;
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#set("joining");
    this.problem = null;
    this.ending = null;
    let step: "guest" | "join" = "guest";
    try {
      // First of all: a guest who is refused here is asked to sign in.
      await this.identity.token();
      step = "join";
      const { link, room } = await this.#enter(attempt);
      if (attempt === this.#attempt) await this.#entered(link, room);
      else link.close();
    } catch (error) {
      if (attempt === this.#attempt) this.#notEntered(step, error);
    }
  }

  /** Enters without the screen before the room; what cannot be opened is told inside. */
  async joinAtOnce(): Promise<void> {
    const prepared = this.prepare();
    await this.join();
    await prepared;
    if (this.inside) this.#tellMissing();
  }

  /** Tries to open again what was refused. */
  async retryInputs(): Promise<void> {
    for (const input of [this.microphone, this.camera]) if (input.error !== null) input.on = true;
    await this.prepare();
  }

  async chooseMicrophone(deviceId: string): Promise<void> {
    await this.microphone.choose(deviceId);
    if (this.microphone.error !== null) this.refused("microphone", this.microphone.error);
  }

  async chooseCamera(deviceId: string): Promise<void> {
    await this.camera.choose(deviceId);
    if (this.camera.error !== null) this.refused("camera", this.camera.error);
  }

  /** From the login back to the screen before the room. */
  backFromLogin(): void {
    this.needsLogin = false;
    this.problem = null;
    this.#set("prejoin");
  }

  /** Signs in and enters. */
  async login(address: string, password: string): Promise<void> {
    this.#set("joining");
    try {
      await this.identity.login(address, password);
    } catch (error) {
      this.problem = problemOf("login", error, this.host.text);
      this.#set("prejoin");
      return;
    }
    this.needsLogin = false;
    this.#set("prejoin");
    await this.join();
  }

  /** Leaves; the room tells the others. */
  async leave(): Promise<void> {
    const { room } = this;
    this.#end({ reason: "left", text: "" });
    try {
      await room?.leave();
    } catch (error) {
      console.warn("antiphon: the server did not hear the leave", error);
    }
    this.#unlink();
  }

  /** Back to the screen before the room. */
  async again(): Promise<void> {
    if (this.ending?.reason === "unauthorized") this.identity.forget();
    this.problem = null;
    this.ending = null;
    this.#set("prejoin");
    await this.prepare();
  }

  async toggleMicrophone(): Promise<void> {
    await this.#toggle(this.microphone, "microphone", "microphoneOn", "microphoneOff");
  }

  async toggleCamera(): Promise<void> {
    await this.#toggle(this.camera, "camera", "cameraOn", "cameraOff");
  }

  async toggleScreen(): Promise<void> {
    try {
      if (this.screen.active) await this.screen.stop();
      else await this.screen.start();
    } catch (error) {
      // Closing the browser's own dialog is an answer, not a failure.
      if (reasonOf(error) !== "denied") this.refused("screen", error);
    }
  }

  async toggleHand(): Promise<void> {
    const { room } = this;
    if (!room) return;
    const { handUp, handDown } = this.host.text.news;
    const raised = !room.me.hand;
    if (await this.#try(() => room.raiseHand(raised))) this.notices.say(raised ? handUp : handDown);
  }

  async moderate(member: string, action: Moderation): Promise<void> {
    const { room } = this;
    if (room) await this.#try(() => room.moderate(member, action));
  }

  /** The own role changed: a speaker may send, a listener does not. */
  followRole(): void {
    const { room } = this;
    if (!room) return;
    if (!this.listening) void this.#publishInputs(room);
    else {
      this.camera.close();
      this.microphone.close();
      this.screen.close();
    }
  }

  /** Says that something was refused, in words with a remedy. */
  refused(attempt: Attempt, error: unknown): void {
    const problem = problemOf(attempt, error, this.host.text);
    this.notices.show(`${problem.title}. ${problem.text} ${problem.remedy}`, "warning");
    this.host.emit("antiphon-error", { attempt, reason: problem.reason, text: problem.text });
  }

  /** Gives everything back: devices, connection, timers. */
  close(): void {
    this.#attempt += 1;
    this.notices.close();
    this.screen.close();
    this.camera.close();
    this.microphone.close();
    this.chat.attach(null);
    this.chat.close();
    void this.room?.leave().catch(() => undefined);
    this.#unlink();
    this.room = null;
    this.state = "prejoin";
  }

  /** Tells what the person lacks who entered at once. */
  #tellMissing(): void {
    const { camera, microphone, host } = this;
    if (microphone.error !== null && camera.error !== null) {
      const same = reasonOf(microphone.error) === reasonOf(camera.error);
      const { text, remedy } = problemOf(same ? "both" : "microphone", microphone.error, host.text);
      this.notices.show(`${host.text.banner.viewer} ${text} ${remedy}`, "warning");
    } else if (microphone.error !== null) this.refused("microphone", microphone.error);
    else if (camera.error !== null) this.refused("camera", camera.error);
  }

  #enter(attempt: number) {
    const { server, room, name, receive, backend } = this.host;
    return backend.enter({
      server,
      room,
      name,
      token: () => this.identity.token(),
      receive,
      opened: (link) => {
        if (attempt === this.#attempt) this.#link = link;
      },
    });
  }

  async #entered(link: Link, room: Room): Promise<void> {
    this.#link = link;
    this.room = room;
    this.draining = false;
    this.chat.attach(roomPlace(room, () => this.#upload(link)));
    this.#listen(link, room);
    this.#set("joined");
    this.notices.say(this.host.text.news.entered(room.title || room.name));
    this.host.emit("antiphon-joined", { room: room.name, member: room.me.id });
    await this.#publishInputs(room);
  }

  async #publishInputs(room: Room): Promise<void> {
    if (this.listening) return;
    // In this turn of the event loop: then both are part of the first offer.
    await Promise.all([
      this.microphone.attach((track, muted) =>
        room.publish(track, { source: "microphone", muted }),
      ),
      this.camera.attach((track, muted) => room.publish(track, { source: "camera", muted })),
    ]);
  }

  #notEntered(step: "guest" | "join", error: unknown): void {
    this.#unlink();
    const problem = problemOf(step, error, this.host.text);
    this.problem = problem;
    // A room may refuse guests, too, on a server that lets them in elsewhere.
    const asGuest = problem.name === "forbidden" && this.identity.isGuest;
    if (problem.name === "unauthorized" || asGuest) {
      this.identity.forget();
      this.needsLogin = true;
      this.#set("prejoin");
    } else this.#set("error");
    this.host.emit("antiphon-error", {
      attempt: "join",
      reason: problem.reason,
      text: problem.text,
    });
  }

  #listen(link: Link, room: Room): void {
    this.#offs = [
      link.on("state", () => this.#follow(room)),
      room.on("media-state", () => this.#follow(room)),
      room.on("ended", (ending) => this.#ended(ending)),
      room.on("error", (error) => this.refused("action", error)),
      room.on("draining", () => {
        this.draining = true;
        this.host.changed();
      }),
      room.on("message", (message) => this.#heard(message)),
      ...tellNews(room, this),
    ];
  }

  /** The connection broke or came back. */
  #follow(room: Room): void {
    if (!this.inside || this.room !== room) return;
    const broken =
      this.#link?.state === "reconnecting" ||
      room.mediaState === "interrupted" ||
      room.mediaState === "failed";
    if (broken) this.#set("reconnecting");
    else if (this.state === "reconnecting") {
      this.draining = false;
      this.#set("joined");
      this.notices.say(this.host.text.banner.back);
    } else this.host.changed();
  }

  #heard(message: Message): void {
    const { news } = this.host.text;
    if (!message.own) this.notices.say(news.says(message.name, message.text));
    this.host.emit("antiphon-message", message);
  }

  /** Guests have no place for files. */
  #upload(link: Link): Upload | null {
    if (this.identity.isGuest) return null;
    return (file, options) => link.files.upload(file, options);
  }

  #ended(ending: Ending): void {
    if (!this.inside) return;
    this.#end(ending);
    this.#unlink();
  }

  #end(ending: Ending): void {
    this.ending = ending;
    // What was told of the room has no meaning on the screen that says how it ended.
    this.notices.close();
    this.screen.close();
    this.camera.close();
    this.microphone.close();
    this.chat.attach(null);
    this.room = null;
    this.#set("ended");
    this.host.emit("antiphon-left", ending);
  }

  #unlink(): void {
    for (const off of this.#offs) off();
    this.#offs = [];
    this.#link?.close();
    this.#link = null;
  }

  async #toggle(
    input: Input,
    attempt: "camera" | "microphone",
    onWord: "cameraOn" | "microphoneOn",
    offWord: "cameraOff" | "microphoneOff",
  ): Promise<void> {
    const on = !input.live;
    await input.set(on);
    if (on && !input.live && this.inside) this.refused(attempt, input.error);
    else this.notices.say(this.host.text.news[input.live ? onWord : offWord]);
    if (on && !this.devices.microphones.some((one) => one.label)) await this.refreshDevices();
  }

  async #try(task: () => Promise<unknown>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      this.refused("action", error);
      return false;
    }
  }

  #inRoom(): Room {
    if (!this.room) throw new Error("not in a room");
    return this.room;
  }

  #set(state: SessionState): void {
    this.state = state;
    this.host.emit("antiphon-state", { state });
    this.host.changed();
  }
}
