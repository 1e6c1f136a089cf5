/** A membership in a room, over whatever becomes of the connection; it knows no socket. */

import { Emitter } from "../emitter.js";
import { AntiphonError, hasReason, toAntiphonError } from "../errors.js";
import type {
  IceServer,
  Moderate,
  Receive,
  Room as RoomRecord,
  Whispered,
} from "../generated/signalling.js";
import type { MediaState } from "../media/health.js";
import { Media } from "../media/media.js";
import type { PublishOptions } from "../media/publications.js";
import { Conversation } from "../messages/conversation.js";
import { checkContent, type Message, randomId, toMessage } from "../messages/message.js";
import type { Request } from "../session/requests.js";
import { handle, type RoomEvent } from "./dispatch.js";
import type { Quality, RoomEvents } from "./events.js";
import { Gate } from "./gate.js";
import { expected, showReceived } from "./receiving.js";
import { Roster } from "./roster.js";
import type { LocalTrack, Member, RemoteTrack } from "./types.js";

/** How a room reaches the server. */
export interface RoomLink {
  request: Request;
  RTCPeerConnection: typeof RTCPeerConnection | undefined;
  iceServers(): readonly IceServer[];
  /** The own account's address. */
  address(): string;
  /** The membership is over. */
  ended(): void;
}

/** What a member wishes to be, to be wished again after a lost session. */
interface Wishes {
  receive: Receive;
  chosen: readonly string[];
  hand: boolean;
  held: boolean;
}

/** A room that the client is in; the object stays the same over reconnections. */
export class Room extends Emitter<RoomEvents> {
  readonly #link: RoomLink;
  readonly #gate = new Gate();
  readonly #roster: Roster;
  readonly #chat: Conversation;
  readonly #media: Media;
  readonly #wishes: Wishes;
  #title: string;
  #subject: string;
  #quality: Quality | null = null;
  #over = false;

  /** @internal Made by `Client.join`. */
  constructor(link: RoomLink, record: RoomRecord, receive: Receive) {
    super();
    this.#link = link;
    this.#wishes = { receive, chosen: [], hand: false, held: false };
    this.name = record.name;
    this.#title = record.title;
    this.#subject = record.subject ?? "";
    this.#media = this.#makeMedia();
    this.#roster = this.#makeRoster(record);
    this.#chat = this.#makeChat();
    this.#chat.fill(record.messages);
    this.#media.start();
  }

  /** The room's name, part of its address. */
  readonly name: string;

  get title(): string {
    return this.#title;
  }

  /** What the room is about now; empty: nothing. */
  get subject(): string {
    return this.#subject;
  }

  /** The member that this client is. */
  get me(): Member {
    return this.#roster.me;
  }

  /** Everybody in the room by id, `me` too. */
  get members(): ReadonlyMap<string, Member> {
    return this.#roster.members;
  }

  /** What the others send, by id. */
  get tracks(): ReadonlyMap<string, RemoteTrack> {
    return this.#roster.tracks;
  }

  /** What this client sends. */
  get localTracks(): readonly LocalTrack[] {
    return this.#media.localTracks;
  }

  /** What is written in the room: replies, corrections, reactions, who writes, search. */
  get chat(): Conversation {
    return this.#chat;
  }

  /** Those of `chat` that are stored, oldest first; each change makes a new list. */
  get messages(): readonly Message[] {
    return this.#chat.stored;
  }

  /** Who speaks most now. */
  get speaker(): Member | null {
    return this.#roster.speaker;
  }

  get quality(): Quality | null {
    return this.#quality;
  }

  get mediaState(): MediaState {
    return this.#media.state;
  }

  /** Sends a track to the room; resolves when the server has accepted it. */
  async publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrack> {
    this.#check();
    return this.#media.publish(track, options);
  }

  /** Sends a chat message; resolves when it is stored. After a loss it is sent again, once. */
  async say(text: string): Promise<Message> {
    return this.#chat.say(text);
  }

  /** Fetches up to 200 messages older than `messages[0]`, puts them before it, returns them. */
  history(limit = 50): Promise<{ messages: readonly Message[]; more: boolean }> {
    return this.#chat.history(limit);
  }

  /** Raises or lowers one's own hand. */
  async raiseHand(raised: boolean): Promise<void> {
    this.#wishes.hand = raised;
    await this.#wish(this.#request({ type: "raise_hand", raised }));
  }

  /**
   * Puts the others on hold, or comes back to them: they are told, and nothing is received. What
   * is sent meanwhile is the caller's affair: `mute`, or disable the MediaStreamTrack.
   */
  async hold(held: boolean): Promise<void> {
    this.#wishes.held = held;
    const told = this.#request({ type: "hold", held });
    await Promise.all([this.#wish(told), this.#wish(this.#subscribe())]);
  }

  /** Presses keys of a telephone's pad: up to 32 of 0-9, A-D, * and #; `duration` of each in ms. */
  async press(digits: string, options: { duration?: number } = {}): Promise<void> {
    await this.#request({ type: "press", digits, ...options });
  }

  /** Chooses what to receive; `tracks` belongs to `chosen`. */
  async subscribe(receive: Receive, tracks: readonly (RemoteTrack | string)[] = []): Promise<void> {
    this.#wishes.receive = receive;
    this.#wishes.chosen = tracks.map(idOf);
    await this.#wish(this.#subscribe());
  }

  /** For moderators; `track` belongs to `mute`, without it every audio track is muted. */
  async moderate(
    member: Member | string,
    action: Moderate["action"],
    track?: RemoteTrack | string,
  ): Promise<void> {
    const chosen = track === undefined ? {} : { track: idOf(track) };
    await this.#request({ type: "moderate", member: idOf(member), action, ...chosen });
  }

  /** Says what the room is about; empty: nothing. Rejects where one may not. */
  async setSubject(subject: string): Promise<void> {
    await this.#request({ type: "set_subject", subject });
  }

  /** Writes to one member alone; it is not kept. */
  async whisper(member: Member | string, text: string): Promise<void> {
    checkContent(text, []);
    const body = { member: idOf(member), text, origin_id: randomId() };
    await this.#request({ type: "whisper", ...body });
  }

  /** Asks an account to come into the room; `Client.invite` rings instead. */
  async askIn(address: string, text = ""): Promise<void> {
    await this.#request({ type: "ask_in", to: address, text });
  }

  /** Sends on the data channel to all; false: not open yet, or too much waits already. */
  sendData(data: string | Uint8Array, options: { lossy?: boolean } = {}): boolean {
    return this.#media.send(data, options.lossy ?? false);
  }

  /** Statistics of the peer connection; null before there is one. */
  getStats(): Promise<RTCStatsReport | null> {
    return this.#media.getStats();
  }

  /** Leaves the room. The object is of no use afterwards. */
  async leave(): Promise<void> {
    if (this.#over) return;
    // A session that is lost has left already.
    const told = this.#gate.isOpen ? this.#link.request({ type: "leave" }) : null;
    this.end("left", "You left the room.");
    await told?.catch((error: unknown) => {
      if (!hasReason(error, "lost", "closed", "conflict")) throw error;
    });
  }

  /** @internal What to join with again. */
  get receive(): Receive {
    const { receive, held } = this.#wishes;
    // `chosen` needs track ids, which `subscribe` names after joining.
    return held || receive === "chosen" ? "none" : receive;
  }

  /** @internal An event of the session. */
  handle(event: RoomEvent): void {
    if (this.#over) return;
    handle(event, {
      roster: this.#roster,
      chat: this.#chat,
      media: this.#media,
      quality: (quality) => {
        this.#quality = quality;
        this.emit("quality", quality);
      },
      localChanged: (track) => this.emit("track-changed", track),
      subject: (subject) => this.#setSubject(subject),
      settings: () => this.emit("settings"),
      whispered: (event) => this.#whispered(event),
      pressed: (member, digit, duration) => this.emit("digit", member, digit, duration),
      draining: (text) => this.emit("draining", text),
      // A node that drains ends what it has; the room goes on at the next connection.
      ended: (reason, text) => (reason === "draining" ? this.lose() : this.end(reason, text)),
    });
  }

  /** @internal Whether the server has this membership in the session. */
  get present(): boolean {
    return this.#gate.isOpen;
  }

  /** @internal The connection is back with the same session. */
  resumed(): void {
    this.#media.resumed();
  }

  /** @internal The session is lost: requests wait until the room was joined again. */
  lose(): void {
    this.#gate.close();
    this.#media.stop();
  }

  /** @internal Joined again in a new session. */
  rejoin(record: RoomRecord): void {
    this.#title = record.title;
    this.#roster.replace(record);
    this.#chat.resume(record.messages);
    this.#gate.open();
    this.#media.start();
    this.emit("rejoined");
    this.#setSubject(record.subject ?? "");
    if (this.#wishes.hand) this.#again(this.#request({ type: "raise_hand", raised: true }));
    if (this.#wishes.held) this.#again(this.#request({ type: "hold", held: true }));
    if (this.#wishes.receive === "chosen" && !this.#wishes.held) this.#again(this.#subscribe());
  }

  /** @internal The membership is over. */
  end(reason: string, text: string): void {
    if (this.#over) return;
    this.#over = true;
    const error = new AntiphonError(reason, text);
    this.#gate.shut(error);
    this.#media.end(error);
    this.#link.ended();
    this.emit("ended", { reason, text });
  }

  readonly #request: Request = async (body) => {
    if (!this.#gate.isOpen) await this.#gate.passed();
    return this.#link.request(body);
  };

  #makeChat(): Conversation {
    const link = {
      request: this.#request,
      me: () => ({ address: this.#link.address(), name: this.#roster.me.name }),
      report: (error: unknown) => this.emit("error", toAntiphonError(error, "failed")),
    };
    const chat = new Conversation(link, { room: this.name });
    chat.on("message", (message) => this.emit("message", message));
    return chat;
  }

  #setSubject(subject: string): void {
    if (subject === this.#subject) return;
    this.#subject = subject;
    this.emit("subject", subject);
  }

  #whispered(event: Whispered): void {
    const from = this.members.get(event.sender);
    const to = this.members.get(event.to);
    if (from === undefined || to === undefined) return;
    const message = toMessage(event.message, this.#link.address(), "sent");
    this.emit("whisper", { message, from, to });
  }

  #makeMedia(): Media {
    return new Media({
      request: this.#request,
      RTCPeerConnection: this.#link.RTCPeerConnection,
      iceServers: () => this.#link.iceServers(),
      expected: () => expected(this.#roster.tracks.values(), this.#wishes),
      events: {
        received: () => this.#showReceived(),
        state: (state) => this.emit("media-state", state),
        locals: () => this.emit("local-tracks"),
        data: ({ endpoint, data }) => {
          this.emit("data", { member: this.#roster.withEndpoint(endpoint), data });
        },
        error: (error) => this.emit("error", error),
      },
    });
  }

  #makeRoster(record: RoomRecord): Roster {
    return new Roster(record, () => this.localTracks, {
      memberJoined: (member) => this.emit("member-joined", member),
      memberChanged: (member) => this.emit("member-changed", member),
      memberLeft: (member, reason) => this.emit("member-left", member, reason),
      trackAdded: (track) => {
        this.emit("track-added", track);
        this.#showReceived();
      },
      trackChanged: (track) => this.emit("track-changed", track),
      trackRemoved: (track) => this.emit("track-removed", track),
      speaker: (member) => this.emit("speaker", member),
    });
  }

  #showReceived(): void {
    // Called by the media side once before there is a roster.
    if (this.#roster === undefined) return;
    showReceived(this.#roster.tracks, this.#media.received(), (track) => this.emit("media", track));
  }

  #subscribe(): Promise<unknown> {
    const { receive, chosen, held } = this.#wishes;
    if (held) return this.#request({ type: "subscribe", receive: "none" });
    const tracks = receive === "chosen" ? { tracks: [...chosen] } : {};
    return this.#request({ type: "subscribe", receive, ...tracks });
  }

  /** What was lost with the session is wished again when the room was joined again. */
  async #wish(reply: Promise<unknown>): Promise<void> {
    await reply.catch((error: unknown) => {
      if (!hasReason(error, "lost")) throw error;
    });
  }

  #again(reply: Promise<unknown>): void {
    this.#wish(reply).catch((error: unknown) => {
      this.emit("error", toAntiphonError(error, "failed"));
    });
  }

  #check(): void {
    if (this.#over) throw new AntiphonError("gone", "The membership in the room is over.");
  }
}

function idOf(thing: { readonly id: string } | string): string {
  return typeof thing === "string" ? thing : thing.id;
}
