/** The bar below the gallery: room, own devices, panels, leave. */

import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import * as icons from "../icons.js";
import { qualityWords } from "../logic/quality.js";
import type { Shortcut } from "../logic/shortcuts.js";
import { roveFocus } from "./focus.js";
import type { Scene } from "./gallery.js";
import { moreMenu } from "./menu.js";
import { canShareScreen } from "./screen-support.js";
import type { RoomView } from "./view.js";

interface Control {
  readonly part: string;
  readonly icon: SVGTemplateResult;
  readonly label: string;
  readonly does: Shortcut;
  /** "on" is tinted, "off" is a warning, "" is plain. */
  readonly tone?: "" | "on" | "off";
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  /** Drawn on wide screens only: a narrow one has it in its menu. */
  readonly wide?: boolean;
  readonly key?: string;
  readonly badge?: TemplateResult | typeof nothing;
}

export function barView(view: RoomView, scene: Scene): TemplateResult {
  const { text } = view;
  return html`<footer class="bar" part="bar">
    <div class="about">
      ${quality(view)}
      <h1 part="title">${view.session.room?.title || view.roomName}</h1>
    </div>
    <div
      class="tools-row"
      role="toolbar"
      aria-label=${text.controls.toolbar}
      part="controls"
      @keydown=${(event: KeyboardEvent) => roveFocus(event, "button")}
    >
      ${ownControls(view).map((one) => button(view, one))} ${leaveButton(view, scene)}
    </div>
    <div class="tools-row end">${panelControls(view).map((one) => button(view, one))}</div>
  </footer>`;
}

function ownControls(view: RoomView): Control[] {
  const { text, session } = view;
  const { microphone, camera, screen, listening } = session;
  const { controls } = text;
  const hand = session.room?.me.hand ?? false;
  return [
    {
      part: "microphone",
      icon: microphone.live ? icons.microphone : icons.microphoneOff,
      label: microphone.live ? controls.mute : controls.unmute,
      does: "microphone",
      tone: microphone.live ? "" : "off",
      disabled: listening,
      key: "M",
    },
    {
      part: "camera",
      icon: camera.live ? icons.camera : icons.cameraOff,
      label: camera.live ? controls.cameraOff : controls.cameraOn,
      does: "camera",
      tone: camera.live ? "" : "off",
      disabled: listening,
      key: "V",
    },
    {
      part: "screen",
      icon: screen.active ? icons.screenStop : icons.screen,
      label: screen.active ? controls.stopSharing : controls.share,
      does: "screen",
      tone: screen.active ? "on" : "",
      disabled: listening || !canShareScreen(),
      wide: true,
      key: "S",
    },
    {
      part: "hand",
      icon: icons.hand,
      label: hand ? controls.lower : controls.raise,
      does: "hand",
      tone: hand ? "on" : "",
      pressed: hand,
      key: "H",
    },
  ];
}

function panelControls(view: RoomView): Control[] {
  const { text, ui, session } = view;
  const { controls } = text;
  const members = session.room?.members.size ?? 0;
  return [
    {
      part: "people",
      icon: icons.people,
      label: `${controls.people}, ${text.people.count(members)}`,
      does: "people",
      tone: ui.panel === "people" ? "on" : "",
      pressed: ui.panel === "people",
      key: "P",
      badge: html`<span class="badge calm" aria-hidden="true">${members}</span>`,
    },
    {
      part: "chat",
      icon: icons.chat,
      label: chatLabel(view),
      does: "chat",
      tone: ui.panel === "chat" ? "on" : "",
      pressed: ui.panel === "chat",
      key: "C",
      badge: unread(view),
    },
  ];
}

function button(view: RoomView, one: Control): TemplateResult {
  const title = one.key ? `${one.label} (${one.key})` : one.label;
  return html`<button
    type="button"
    class="round ${one.part}-button ${one.wide ? "wide" : ""}"
    part="button ${one.part}"
    data-on=${ifDefined(one.tone === "on" ? "" : undefined)}
    data-off=${ifDefined(one.tone === "off" ? "" : undefined)}
    aria-label=${one.label}
    aria-pressed=${ifDefined(one.pressed === undefined ? undefined : one.pressed)}
    aria-keyshortcuts=${ifDefined(one.key)}
    title=${one.disabled && view.session.listening ? view.text.controls.listener : title}
    ?disabled=${one.disabled ?? false}
    @click=${() => view.does(one.does)}
  >
    ${one.icon} ${one.badge ?? nothing}
  </button>`;
}

function leaveButton(view: RoomView, scene: Scene): TemplateResult {
  const { controls } = view.text;
  return html`${moreButton(view, scene)}
    <button
      type="button"
      class="round danger leave-button"
      part="button leave"
      aria-label=${controls.leave}
      title=${controls.leave}
      @click=${() => void view.session.leave()}
    >
      ${icons.leave}
    </button>`;
}

function moreButton(view: RoomView, scene: Scene): TemplateResult {
  const { controls } = view.text;
  const open = view.ui.menu === "more";
  return html`<div class="anchor">${moreMenu(view, scene)}<button
    type="button"
    class="round more-button"
    part="button more"
    aria-label=${controls.more}
    title=${controls.more}
    aria-haspopup="menu"
    aria-expanded=${open}
    data-menu-button
    @click=${() => view.set({ menu: open ? "" : "more" })}
  >
    ${icons.more}
  </button></div>`;
}

function chatLabel(view: RoomView): string {
  const { unread: count } = view.session.chat;
  return count > 0 ? view.text.chat.unread(count) : view.text.controls.chat;
}

function unread(view: RoomView): TemplateResult | typeof nothing {
  const { unread: count } = view.session.chat;
  if (count === 0) return nothing;
  return html`<span class="badge" part="unread" aria-hidden="true"
    >${count > 99 ? "99+" : count}</span>`;
}

function quality(view: RoomView): TemplateResult {
  const { session, text } = view;
  const lost = session.state === "reconnecting";
  const measured = session.room?.quality ?? null;
  const level = lost ? 0 : (measured?.level ?? "");
  const words = lost ? text.banner.reconnecting : qualityWords(measured, text);
  return html`<span
    class="quality"
    part="quality"
    role="img"
    aria-label=${words}
    title=${words}
    data-level=${level}
    >${icons.bars(Number(level))}</span
  >`;
}
