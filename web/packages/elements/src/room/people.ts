/** The list of those present, and what a moderator may do with each. */

import type { Member } from "@antiphon/client";
import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import { repeat } from "lit/directives/repeat.js";
import * as icons from "../icons.js";
import { byRank } from "../logic/people.js";
import { avatar } from "./avatar.js";
import { roveFocus } from "./focus.js";
import type { Moderation } from "./session.js";
import { microphoneOf } from "./tile.js";
import type { RoomView } from "./view.js";

interface Action {
  readonly action: Moderation;
  readonly icon: SVGTemplateResult;
  readonly label: string;
}

export function peopleView(view: RoomView): TemplateResult {
  const members = [...(view.session.room?.members.values() ?? [])].sort(byRank);
  // The last ones of a long list open their menu upwards.
  const low = Math.max(5, members.length - 3);
  return html`<ul class="people" part="people-list" aria-label=${view.text.people.title}>
    ${repeat(
      members,
      (member) => member.id,
      (member, index) => personView(view, member, index >= low),
    )}
  </ul>`;
}

function personView(view: RoomView, member: Member, upward: boolean): TemplateResult {
  const { text } = view;
  const what = member.stream ? text.people.stream : text.people[member.role];
  const details = [what, member.present ? "" : text.tile.away];
  return html`<li
    class="person ${upward ? "upward" : ""}"
    part="person"
    data-member=${member.id}
    data-name=${member.name}
    data-away=${ifDefined(member.present ? undefined : "")}
  >
    ${avatar(member.name, member.address)}
    <span class="who">
      <strong>${member.isLocal ? text.tile.own(member.name) : member.name}</strong>
      <small>${details.filter(Boolean).join(" · ")}</small>
    </span>
    ${
      member.hand
        ? html`<span class="mark up" role="img" aria-label=${text.tile.hand}>${icons.hand}</span>`
        : nothing
    }
    ${microphoneMark(view, member)} ${moderation(view, member)}
  </li>`;
}

function microphoneMark(view: RoomView, member: Member): TemplateResult {
  const { tile } = view.text;
  const state = microphoneOf(member);
  const label = state === "none" ? tile.noMicrophone : tile.muted;
  return state === "on"
    ? html`<span class="mark" aria-hidden="true">${icons.microphone}</span>`
    : html`<span class="mark" role="img" aria-label=${label}>${icons.microphoneOff}</span>`;
}

function moderation(view: RoomView, member: Member): TemplateResult | typeof nothing {
  const { ui, session, text } = view;
  if (session.room?.me.role !== "moderator" || member.isLocal) return nothing;
  const menu = `person:${member.id}`;
  const open = ui.menu === menu;
  return html`<button
      type="button"
      class="round quiet"
      part="moderate"
      aria-label=${text.tile.moderate(member.name)}
      aria-haspopup="menu"
      aria-expanded=${open}
      data-menu-button
      @click=${() => view.set({ menu: open ? "" : menu })}
    >
      ${icons.more}
    </button>
    ${open ? actionMenu(view, member) : nothing}`;
}

function actionMenu(view: RoomView, member: Member): TemplateResult {
  const run = (action: Moderation) => {
    view.set({ menu: "" });
    if (action === "remove") view.set({ dialog: "remove", removing: member });
    else void view.session.moderate(member.id, action);
  };
  return html`<div
    class="menu"
    part="menu"
    role="menu"
    aria-label=${view.text.tile.moderate(member.name)}
    @keydown=${(event: KeyboardEvent) => roveFocus(event, "button")}
  >
    ${actionsFor(view, member).map(
      ({ action, icon, label }) =>
        html`<button
          type="button"
          role="menuitem"
          class=${action === "remove" ? "danger" : ""}
          part="menu-item"
          data-action=${action}
          @click=${() => run(action)}
        >
          ${icon} <span>${label}</span>
        </button>`,
    )}
  </div>`;
}

function actionsFor(view: RoomView, member: Member): Action[] {
  const { people } = view.text;
  const actions: Action[] = [];
  if (microphoneOf(member) === "on") {
    actions.push({ action: "mute", icon: icons.microphoneOff, label: people.mute });
  }
  if (member.hand) {
    actions.push({ action: "lower_hand", icon: icons.hand, label: people.lowerHand });
  }
  if (member.role === "listener") {
    actions.push({ action: "promote", icon: icons.promote, label: people.allowToSpeak });
  } else if (member.role === "speaker") {
    actions.push({ action: "promote", icon: icons.shield, label: people.makeModerator });
    actions.push({ action: "demote", icon: icons.demote, label: people.makeListener });
  } else actions.push({ action: "demote", icon: icons.demote, label: people.makeSpeaker });
  actions.push({ action: "remove", icon: icons.remove, label: people.remove });
  return actions;
}
