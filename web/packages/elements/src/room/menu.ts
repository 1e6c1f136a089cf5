/** The menu behind "More": what is needed less often. */

import { html, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { roveFocus } from "./focus.js";
import type { Scene } from "./gallery.js";
import { canShareScreen } from "./screen-support.js";
import type { RoomView } from "./view.js";

interface Item {
  readonly action: string;
  readonly icon: SVGTemplateResult;
  readonly label: string;
  readonly key?: string;
  readonly run: () => void;
}

export function moreMenu(view: RoomView, scene: Scene): TemplateResult | typeof nothing {
  if (view.ui.menu !== "more") return nothing;
  return html`<div
    class="menu pop"
    part="menu"
    role="menu"
    aria-label=${view.text.controls.more}
    @keydown=${(event: KeyboardEvent) => roveFocus(event, "button")}
  >
    ${items(view, scene).map((item) => menuItem(view, item))}
  </div>`;
}

function items(view: RoomView, scene: Scene): Item[] {
  const { ui, text, session } = view;
  const { controls } = text;
  const toGrid = scene.layout === "speaker";
  const list: Item[] = [
    {
      action: "layout",
      icon: toGrid ? icons.grid : icons.stage,
      label: toGrid ? controls.grid : controls.speaker,
      key: "L",
      run: () => view.does("layout"),
    },
    {
      action: "fullscreen",
      icon: ui.fullscreen ? icons.fullscreenExit : icons.fullscreen,
      label: ui.fullscreen ? controls.exitFullscreen : controls.fullscreen,
      key: "F",
      run: () => view.does("fullscreen"),
    },
    {
      action: "invite",
      icon: icons.invite,
      label: controls.invite,
      run: () => view.set({ dialog: "invite" }),
    },
    {
      action: "settings",
      icon: icons.settings,
      label: controls.settings,
      run: () => view.set({ dialog: "settings" }),
    },
    {
      action: "shortcuts",
      icon: icons.keyboard,
      label: controls.shortcuts,
      key: "?",
      run: () => view.does("help"),
    },
  ];
  if (!canShareScreen() || session.listening) return list;
  const sharing = session.screen.active;
  const screen: Item = {
    action: "screen",
    icon: sharing ? icons.screenStop : icons.screen,
    label: sharing ? controls.stopSharing : controls.share,
    key: "S",
    run: () => view.does("screen"),
  };
  return [screen, ...list];
}

function menuItem(view: RoomView, item: Item): TemplateResult {
  const run = () => {
    view.set({ menu: "" });
    item.run();
  };
  return html`<button
    type="button"
    role="menuitem"
    part="menu-item"
    data-action=${item.action}
    @click=${run}
  >
    ${item.icon} <span>${item.label}</span>
    ${item.key ? html`<kbd aria-hidden="true">${item.key}</kbd>` : nothing}
  </button>`;
}
