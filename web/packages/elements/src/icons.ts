/** The icons, drawn for this project on a grid of 24 with round strokes; they know no state. */

import { type SVGTemplateResult, svg } from "lit";

const icon = (shape: SVGTemplateResult): SVGTemplateResult => svg`<svg class="icon"
  viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.75"
  stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${shape}</svg>`;

export const microphone = icon(svg`<rect x="9" y="3" width="6" height="11" rx="3"/>
  <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`);
export const microphoneOff = icon(svg`<path d="M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3
  M5.5 11.5a6.5 6.5 0 0 0 10 5.5M18.5 11.5c0 1-.2 1.9-.6 2.8M12 18v3M4 4l16 16"/>`);
export const camera = icon(svg`<rect x="3" y="6.5" width="12.5" height="11" rx="2.5"/>
  <path d="m15.5 11 4.3-2.9a.8.8 0 0 1 1.2.7v6.4a.8.8 0 0 1-1.2.7L15.5 13"/>`);
export const cameraOff = icon(svg`<path d="M9.5 6.5H13A2.5 2.5 0 0 1 15.5 9v2l4.3-2.9a.8.8 0 0 1
  1.2.7v6.4M15.5 15.5A2.5 2.5 0 0 1 13 17.5H5.5A2.5 2.5 0 0 1 3 15V9c0-1 .6-1.9
  1.5-2.3M4 4l16 16"/>`);
export const screen = icon(svg`<rect x="3" y="4.5" width="18" height="12" rx="2.5"/>
  <path d="M8.5 20h7M12 13.5v-6M9.3 10 12 7.3l2.7 2.7"/>`);
export const screenStop = icon(svg`<rect x="3" y="4.5" width="18" height="12" rx="2.5"/>
  <path d="M8.5 20h7m-6-11.7 5 5m0-5-5 5"/>`);
export const hand = icon(svg`<path d="M7.5 12V6.3a1.4 1.4 0 0 1 2.8 0V11V4.4a1.4 1.4 0 0 1
  2.8 0V11V5.4a1.4 1.4 0 0 1 2.8 0V12.5V8.4a1.4 1.4 0 0 1 2.8 0V14.5c0 3.9-2.6
  6.5-6.2 6.5c-2.7 0-4.5-1.2-5.8-3.6L4.3 13.8c-.9-1.7 1.1-3 2.3-1.6l.9 1.1"/>`);
export const chat = icon(svg`<path d="M4 17.2V7.5A2.5 2.5 0 0 1 6.5 5h11A2.5 2.5 0 0 1 20
  7.5v7a2.5 2.5 0 0 1-2.5 2.5H9.3L5.3 20a.8.8 0 0 1-1.3-.6z"/><path d="M8.5 9.7h7M8.5
  12.7h4.5"/>`);
export const people = icon(svg`<circle cx="9" cy="8.5" r="3.5"/><path d="M2.8 19.5c.5-3.3
  3-5.3 6.2-5.3s5.7 2 6.2 5.3M15.8 5.3a3.3 3.3 0 0 1 0 6.4M17.5 14.6c2 .7 3.3 2.5
  3.7 4.9"/>`);
export const more = icon(svg`<g fill="currentColor" stroke="none"><circle cx="5.5" cy="12" r="1.6"/>
  <circle cx="12" cy="12" r="1.6"/><circle cx="18.5" cy="12" r="1.6"/></g>`);
export const leave = icon(svg`<path d="M3.7 15.4c-.9-1-1-2.5-.2-3.6C5.4 9.4 8.6 8 12 8s6.6
  1.4 8.5 3.8c.8 1.1.7 2.6-.2 3.6l-.6.6c-.5.6-1.4.7-2.1.3l-2-1.2a1.5 1.5 0 0
  1-.7-1.2l-.1-1.4a9.5 9.5 0 0 0-5.6 0l-.1 1.4c0 .5-.3.9-.7 1.2l-2 1.2c-.7.4-1.6.3-2.1-.3z"
  fill="currentColor" stroke="none"/>`);
export const grid = icon(svg`<rect x="3.5" y="4.5" width="7.3" height="6.5" rx="1.6"/>
  <rect x="13.2" y="4.5" width="7.3" height="6.5" rx="1.6"/><rect x="3.5" y="13" width="7.3"
  height="6.5" rx="1.6"/><rect x="13.2" y="13" width="7.3" height="6.5" rx="1.6"/>`);
export const stage = icon(svg`<rect x="3.5" y="4.5" width="17" height="9" rx="2"/>
  <rect x="3.5" y="16" width="4.7" height="3.5" rx="1"/><rect x="9.650" y="16" width="4.7"
  height="3.5" rx="1"/><rect x="15.8" y="16" width="4.7" height="3.5" rx="1"/>`);
export const fullscreen = icon(svg`<path d="M4 9V6.5A2.5 2.5 0 0 1 6.5 4H9M15 4h2.5A2.5
  2.5 0 0 1 20 6.5V9M20 15v2.5a2.5 2.5 0 0 1-2.5 2.5H15M9 20H6.5A2.5 2.5 0 0 1 4
  17.5V15"/>`);
export const fullscreenExit = icon(svg`<path d="M9 4v2.5A2.5 2.5 0 0 1 6.5 9H4M20 9h-2.5A2.5
  2.5 0 0 1 15 6.5V4M15 20v-2.5a2.5 2.5 0 0 1 2.5-2.5H20M4 15h2.5A2.5 2.5 0 0 1 9
  17.5V20"/>`);
export const settings = icon(svg`<path d="M4 7.5h8M18 7.5h2M4 16.5h2M12 16.5h8"/>
  <circle cx="15" cy="7.5" r="2.6"/><circle cx="9" cy="16.5" r="2.6"/>`);
export const invite = icon(svg`<path d="M10 13.7a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7
  l-1.1 1.1"/><path d="M14 10.3a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1"/>`);
export const keyboard = icon(svg`<rect x="2.5" y="6" width="19" height="12" rx="2.5"/>
  <path d="M6.5 10h.01M10.2 10h.01M13.8 10h.01M17.5 10h.01M8 14.2h8"/>`);
export const close = icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`);
export const check = icon(svg`<path d="m5 12.5 4.7 4.7L19 7.5"/>`);
export const copy = icon(svg`<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2.5"/>
  <path d="M15.5 5.5A2 2 0 0 0 13.5 4H6.5A2.5 2.5 0 0 0 4 6.5v7a2 2 0 0 0 1.5 2"/>`);
export const share = icon(svg`<path d="M12 14.5V3.8M8.2 7.3 12 3.5l3.8 3.8M7.5 11h-1A2.5 2.5
  0 0 0 4 13.5v4A2.5 2.5 0 0 0 6.5 20h11a2.5 2.5 0 0 0 2.5-2.5v-4a2.5 2.5 0 0
  0-2.5-2.5h-1"/>`);
export const send = icon(svg`<path d="M12 19.5v-15M5.5 11 12 4.5l6.5 6.5"/>`);
export const pin = icon(svg`<path d="M9 4h6M10 4v5.5l-2.7 3.2a.8.8 0 0 0 .6 1.3h8.2a.8.8 0 0 0
  .6-1.3L14 9.5V4M12 14v6"/>`);
export const chevronLeft = icon(svg`<path d="m14.5 6-6 6 6 6"/>`);
export const chevronDown = icon(svg`<path d="m6 9.5 6 6 6-6"/>`);
export const chevronRight = icon(svg`<path d="m9.5 6 6 6-6 6"/>`);
export const volume = icon(svg`<path d="M4 9.7v4.6a1 1 0 0 0 1 1h2.8l4 3.3a.7.7 0 0 0 1.2-.6V6
  a.7.7 0 0 0-1.2-.6l-4 3.3H5a1 1 0 0 0-1 1zM16.5 9a4.3 4.3 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11"/>`);
export const warning = icon(svg`<path d="M10.5 4.9 3.1 17.7A1.7 1.7 0 0 0 4.6 20.3h14.8
  a1.7 1.7 0 0 0 1.5-2.6L13.5 4.9a1.7 1.7 0 0 0-3 0zM12 10v4M12 17h.01"/>`);
export const refresh = icon(svg`<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15"/>`);
export const play = icon(svg`<path d="M8 5.8v12.4a1 1 0 0 0 1.5.9l10.3-6.2a1 1 0 0 0 0-1.7L9.5
  4.9a1 1 0 0 0-1.5.9z" fill="currentColor"/>`);
export const stop = icon(svg`<rect x="6.5" y="6.5" width="11" height="11" rx="2"
  fill="currentColor"/>`);
export const live = icon(svg`<circle cx="12" cy="12" r="2.5" fill="currentColor"/><path d="M7.8
  16.2a6 6 0 0 1 0-8.4M16.2 7.8a6 6 0 0 1 0 8.4M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14"/>`);
export const remove = icon(svg`<circle cx="10" cy="8.5" r="3.5"/><path d="M3.5 19.5c.5-3.3
  3.2-5.3 6.5-5.3 1.3 0 2.5.3 3.5.9M16 17.5h5"/>`);
export const promote = icon(svg`<circle cx="10" cy="8.5" r="3.5"/><path d="M3.5 19.5c.5-3.3
  3.2-5.3 6.5-5.3 1 0 2 .2 2.8.5M18.5 20v-6M16 16.5l2.5-2.5 2.5 2.5"/>`);
export const demote = icon(svg`<circle cx="10" cy="8.5" r="3.5"/><path d="M3.5 19.5c.5-3.3
  3.2-5.3 6.5-5.3 1 0 2 .2 2.8.5M18.5 14v6M16 17.5l2.5 2.5 2.5-2.5"/>`);
export const shield = icon(svg`<path d="M12 3.5 5 6v5.5c0 4.2 2.9 7.7 7 9 4.1-1.3 7-4.8 7-9V6z"/>
  <path d="m9 11.8 2.2 2.2 3.9-4"/>`);
export const devices = icon(svg`<path d="M13 17.5H4.5A1.5 1.5 0 0 1 3 16V7a2 2 0 0 1 2-2h12a2 2 0
  0 1 2 2v1M8.5 20.5H13"/><rect x="15.5" y="10.5" width="5.5" height="10" rx="1.5"/>`);
export const globe = icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.4
  2.3 3.6 5.2 3.6 8.5s-1.2 6.2-3.6 8.5c-2.4-2.3-3.6-5.2-3.6-8.5S9.6 5.8 12 3.5z"/>`);
export const leaveRoom = icon(svg`<path d="M14 4.5H7A2.5 2.5 0 0 0 4.5 7v10A2.5 2.5 0 0 0 7
  19.5h7M10.5 12H20M16.5 8.5 20 12l-3.5 3.5"/>`);

export const phone = icon(svg`<path d="M8.3 4H5.6A1.9 1.9 0 0 0 3.7 6.1C4.4 13.7 10.3 19.6
  17.9 20.3A1.9 1.9 0 0 0 20 18.4V15.7a1.5 1.5 0 0 0-1.1-1.45l-2.7-.75a1.5
  1.5 0 0 0-1.5.42l-.9 1a12.5 12.5 0 0 1-4.7-4.7l1-.9a1.5 1.5 0 0 0
  .42-1.5L9.75 5.1A1.5 1.5 0 0 0 8.3 4z"/>`);
export const keypad = icon(
  svg`<g fill="currentColor" stroke="none">${[5.5, 12, 18.5].flatMap((x) =>
    [5, 12, 19].map((y) => svg`<circle cx=${x} cy=${y} r="1.7"/>`),
  )}</g>`,
);
export const hold = icon(svg`<path d="M9 6.5v11M15 6.5v11" stroke-width="2.4"/>`);
export const transfer = icon(svg`<path d="M4.5 8.5H19M15 4.5l4 4-4 4M19.5 16.5H8M11.5
  13l-3.5 3.5 3.5 3.5"/>`);
export const addPerson = icon(svg`<circle cx="10" cy="8.5" r="3.5"/><path d="M3.5 19.5c.5-3.3
  3.2-5.3 6.5-5.3 1.3 0 2.5.3 3.5.9M18.5 14v6M15.5 17h6"/>`);
export const backspace = icon(svg`<path d="M9.3 6h9.2A1.5 1.5 0 0 1 20 7.5v9a1.5 1.5 0 0
  1-1.5 1.5H9.3a2 2 0 0 1-1.5-.7L3.5 12l4.3-5.3A2 2 0 0 1 9.3 6zM11.5 9.8l4.4
  4.4M15.9 9.8l-4.4 4.4"/>`);
export const callIn = icon(svg`<path d="M18 6 7 17M7 9v8h8"/>`);
export const callOut = icon(svg`<path d="M6 18 17 7M9 7h8v8"/>`);

export const smile = icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M8.3 14a4.3 4.3 0 0 0 7.4
  0"/><path d="M9.2 9.6h.01M14.8 9.6h.01" stroke-width="2.4"/>`);
export const attach = icon(svg`<path d="m19.5 11.3-7.6 7.6a4.7 4.7 0 0 1-6.7-6.7l7.8-7.8a3.1 3.1 0
  0 1 4.4 4.4l-7.6 7.6a1.6 1.6 0 0 1-2.2-2.2l7-7"/>`);
export const reply = icon(svg`<path d="m9.5 6.5-5 5 5 5M5 11.5h8.5a6 6 0 0 1 6 6v.5"/>`);
export const pencil = icon(svg`<path d="m4.5 19.5.9-4L15.8 5.1a1.9 1.9 0 0 1 2.7 0l.4.4a1.9
  1.9 0 0 1 0 2.7L8.5 18.6zM13.8 7.2l3 3"/>`);
export const trash = icon(svg`<path d="M5 7h14M10 7V5.2A1.2 1.2 0 0 1 11.2 4h1.6A1.2 1.2 0
  0 1 14 5.2V7M7 7l.8 11.2A1.9 1.9 0 0 0 9.7 20h4.6a1.9 1.9 0 0 0 1.9-1.8L17
  7M10.5 11v5M13.5 11v5"/>`);
export const clock = icon(svg`<circle cx="12" cy="12" r="8"/><path d="M12 7.5V12l3 2"/>`);
export const checks = icon(svg`<path d="M2.5 12.5 7 17l9-9.5M11.5 16l1 1 9-9.5"/>`);
export const file = icon(svg`<path d="M13 3.5H7.5a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2h9a2 2 0 0 0
  2-2V9zM13 3.5V9h5.5"/>`);
export const download = icon(svg`<path d="M12 4.5V16M7.5 11.5 12 16l4.5-4.5M5 19.5h14"/>`);
export const search = icon(svg`<circle cx="10.8" cy="10.8" r="6.3"/><path d="M15.5 15.5 20
  20"/>`);
export const person = icon(svg`<circle cx="12" cy="8.5" r="3.8"/><path d="M4.8 20c.6-3.6 3.5-5.8
  7.2-5.8s6.6 2.2 7.2 5.8"/>`);
export const block = icon(svg`<circle cx="12" cy="12" r="8.3"/><path d="m6.2 6.2 11.6 11.6"/>`);
export const eye = icon(svg`<path d="M2.8 12S6.2 5.8 12 5.8 21.2 12 21.2 12 17.8 18.2 12
  18.2 2.8 12 2.8 12z"/><circle cx="12" cy="12" r="2.8"/>`);
export const bell = icon(svg`<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2
  2.2 0 0 0 4 0"/>`);

/** The sign of the project: a voice and its answer. */
export const logo = svg`<svg class="logo" viewBox="0 0 32 32" width="32" height="32" fill="none"
  stroke="currentColor" stroke-width="2.8" stroke-linecap="round" aria-hidden="true">
  <path d="M13.2 8.2a11 11 0 0 0 0 15.6M18.8 8.2a11 11 0 0 1 0 15.6"/>
  <path d="M7.5 4.8a16 16 0 0 0 0 22.4M24.5 4.8a16 16 0 0 1 0 22.4" opacity=".45"/></svg>`;

const BARS = [0, 1, 2, 3] as const;

/** Four bars, `level` of them (0 … 4) filled. */
export const bars = (level: number): SVGTemplateResult => svg`<svg class="icon bars"
  viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">${BARS.map(
    (bar) => svg`<rect x=${3.5 + bar * 4.6} y=${16 - bar * 3.6} width="3.2" height=${4 + bar * 3.6}
      rx="1.2" fill="currentColor" opacity=${bar < level ? 1 : 0.25}/>`,
  )}</svg>`;
