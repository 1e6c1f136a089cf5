/** One tile of the gallery: a person, a shared screen, or a further picture. */

import type { Member } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import { live } from "lit/directives/live.js";
import * as icons from "../icons.js";
import type { Placed } from "../logic/arrangement.js";
import { hueOf } from "../logic/people.js";
import { avatar } from "./avatar.js";
import type { AnyTrack, RoomTile, RoomView } from "./view.js";

type PlacedTile = Placed<Member, AnyTrack>;

/** Draws a tile at its place. */
export function tileView(view: RoomView, placed: PlacedTile, index: number): TemplateResult {
  const { tile, x, y, width, height, place } = placed;
  const { member, kind, key } = tile;
  const speaking = kind === "person" && isSpeaking(view, member);
  const style =
    `transform: translate(${x}px, ${y}px); width: ${width}px; height: ${height}px; ` +
    `--hue: ${hueOf(member.address)}`;
  const on = (fact: boolean) => ifDefined(fact ? "" : undefined);
  return html`<div
    class="tile"
    part="tile ${speaking ? "tile-speaking" : ""} ${kind === "screen" ? "tile-screen" : ""}"
    role="group"
    tabindex=${index === 0 ? 0 : -1}
    style=${style}
    data-key=${key}
    data-member=${member.id}
    data-name=${member.name}
    data-kind=${kind}
    data-place=${place}
    data-local=${on(member.isLocal)}
    data-speaking=${on(speaking)}
    data-pinned=${on(view.ui.pinned === key)}
    data-away=${on(!member.present)}
    data-held=${on(member.held && kind === "person")}
    data-phone=${on(member.phone && kind === "person")}
    aria-label=${label(view, tile, speaking)}
    @dblclick=${() => pin(view, key)}
  >
    ${picture(view, tile)} ${marks(view, tile)} ${caption(view, tile)} ${tools(view, tile)}
  </div>`;
}

/** The microphone of a member: on, off, or none. */
export function microphoneOf(member: Member): "on" | "off" | "none" {
  const track = member.tracks.find((one) => one.kind === "audio" && one.source !== "screen_audio");
  if (!track) return "none";
  return track.muted ? "off" : "on";
}

function picture(view: RoomView, tile: RoomTile): TemplateResult {
  const { member, kind, video } = tile;
  const stream = view.streams.of(video?.mediaTrack ?? null);
  const mirrored = kind === "person" && member.isLocal;
  // `live`: Lit sets objects anew at each drawing, which would start the video over.
  // The element stays while the camera is off: a picture that comes back needs no new one.
  return html`<video
      part="video"
      class=${mirrored ? "mirrored" : ""}
      data-source=${ifDefined(video?.source)}
      autoplay
      playsinline
      disablepictureinpicture
      .muted=${true}
      .srcObject=${live(stream)}
      ?hidden=${!stream}
    ></video>
    ${stream || kind !== "person" ? nothing : face(member)}
    ${kind === "screen" && member.isLocal ? ownScreen(view) : nothing}`;
}

function face(member: Member): TemplateResult {
  return html`<div class="face">${avatar(member.name, member.address)}</div>`;
}

/** One's own screen is covered: a window that shows itself shows a tunnel of windows. */
function ownScreen(view: RoomView): TemplateResult {
  return html`<div class="own-screen">${icons.screen}<span>${view.text.banner.sharing}</span></div>`;
}

function marks(view: RoomView, tile: RoomTile): TemplateResult {
  const { member, kind } = tile;
  const { text } = view;
  return html`${
    member.hand && kind === "person"
      ? html`<span class="raised" part="hand" title=${text.tile.hand}>${icons.hand}</span>`
      : nothing
  }
  ${
    member.present
      ? nothing
      : html`<span class="away"><span class="spinner"></span>${text.tile.away}</span>`
  }`;
}

function caption(view: RoomView, tile: RoomTile): TemplateResult {
  const { member, kind } = tile;
  const microphone = microphoneOf(member);
  const silent = kind === "person" && microphone !== "on";
  const title = microphone === "none" ? view.text.tile.noMicrophone : view.text.tile.muted;
  return html`<div class="caption" part="caption">
    ${silent ? html`<span class="off" title=${title}>${icons.microphoneOff}</span>` : nothing}
    ${kind === "screen" ? icons.screen : nothing}
    ${kind === "person" && member.phone ? sign(icons.phone, view.text.tile.phone) : nothing}
    ${kind === "person" && member.held ? sign(icons.hold, view.text.tile.held) : nothing}
    <span class="name" part="name">${nameOf(view, tile)}</span>
  </div>`;
}

function sign(icon: TemplateResult, title: string): TemplateResult {
  return html`<span class="fact" title=${title}>${icon}</span>`;
}

function tools(view: RoomView, tile: RoomTile): TemplateResult {
  const { text } = view;
  const pinned = view.ui.pinned === tile.key;
  return html`<div class="tools">
    <button
      type="button"
      part="pin"
      aria-pressed=${pinned}
      aria-label=${pinned ? text.tile.unpin : text.tile.pin}
      title=${pinned ? text.tile.unpin : text.tile.pin}
      @click=${() => pin(view, tile.key)}
      @dblclick=${(event: Event) => event.stopPropagation()}
    >
      ${icons.pin}
    </button>
  </div>`;
}

function pin(view: RoomView, key: string): void {
  view.set({ pinned: view.ui.pinned === key ? null : key });
}

function nameOf(view: RoomView, tile: RoomTile): string {
  const { text } = view;
  const { member, kind } = tile;
  if (kind === "screen")
    return member.isLocal ? text.tile.ownScreen : text.tile.screen(member.name);
  return member.isLocal ? text.tile.own(member.name) : member.name;
}

function label(view: RoomView, tile: RoomTile, speaking: boolean): string {
  const { text } = view;
  const { member, kind } = tile;
  const facts: string[] = [];
  if (kind === "person") {
    const microphone = microphoneOf(member);
    if (microphone === "off") facts.push(text.tile.muted);
    if (microphone === "none") facts.push(text.tile.noMicrophone);
    if (speaking) facts.push(text.tile.speaking);
    if (member.phone) facts.push(text.tile.phone);
    if (member.held) facts.push(text.tile.held);
    if (member.hand) facts.push(text.tile.hand);
    if (!member.present) facts.push(text.tile.away);
  }
  return text.tile.label(nameOf(view, tile), facts);
}

function isSpeaking(view: RoomView, member: Member): boolean {
  const { room } = view.session;
  return room?.speaker?.id === member.id && microphoneOf(member) === "on";
}
