/** Above a conversation with somebody: who it is, whether they are there, and how to call them. */

import { html, nothing, type TemplateResult } from "lit";
import type { AccountSession } from "../account/session.js";
import { presenceDot, presenceWords } from "../contacts/presence.js";
import * as icons from "../icons.js";
import { isOn } from "../logic/parameters.js";
import { avatar } from "../room/avatar.js";
import type { Text } from "../text.js";
import type { Finder } from "./finder.js";
import type { Faces } from "./view.js";

export interface HeadView {
  readonly text: Text;
  readonly account: AccountSession;
  readonly faces: Faces;
  readonly finder: Finder | null;
  readonly peer: string;
  readonly peerName: string;
  readonly back: boolean;
  readonly calls: string | null;
  emit(name: string, detail: unknown): void;
}

export function headView(view: HeadView): TemplateResult {
  const { text, account, faces, finder, peer, peerName } = view;
  const presence = account.phone?.people.presence(peer);
  const words = text.chat;
  const dial = (video: boolean) =>
    view.emit("antiphon-dial", { address: peer, name: peerName, video });
  const find = () => (finder?.words === null ? finder.open() : finder?.close());
  const calls = isOn(view.calls, true) && account.signedIn;
  return html`<header class="head" part="chat-header">
    ${view.back ? button("back", icons.chevronLeft, words.back, () => view.emit("antiphon-back", {})) : nothing}
    <span class="presence-of"
      >${avatar(peerName, peer, faces.pictureOf(peer))}${presenceDot(presence, text)}</span>
    <span class="who">
      <strong part="peer">${peerName}</strong>
      <small part="presence">${presenceWords(presence, text, peer)}</small>
    </span>
    ${calls ? button("video-call", icons.camera, words.videoCall(peerName), () => dial(true)) : nothing}
    ${calls ? button("call", icons.phone, words.call(peerName), () => dial(false)) : nothing}
    ${button("find", icons.search, words.search.open, find)}
  </header>`;
}

function button(
  part: string,
  icon: TemplateResult,
  label: string,
  run: () => void,
): TemplateResult {
  return html`<button
    type="button"
    class="round quiet"
    part=${part}
    aria-label=${label}
    title=${label}
    @click=${run}
  >
    ${icon}
  </button>`;
}
