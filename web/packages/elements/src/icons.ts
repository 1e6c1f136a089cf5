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
export const cameraOff =
  icon(svg`<path d="M9.5 6.5H13A2.5 2.5 0 0 1 15.500 9v2l4.300-2.900a.8.8 0 0 1
  1.200.7v6.400M15.500 15.500A2.500 2.500 0 0 1 13 17.500H5.500A2.500 2.500 0 0 1 3 15V9c0-1 .6-1.900
  1.500-2.300M4 4l16 16"/>`);
export const screen = icon(svg`<rect x="3" y="4.5" width="18" height="12" rx="2.5"/>
  <path d="M8.5 20h7M12 13.500v-6M9.300 10 12 7.300l2.700 2.700"/>`);
export const screenStop = icon(svg`<rect x="3" y="4.5" width="18" height="12" rx="2.5"/>
  <path d="M8.500 20h7m-6-11.700 5 5m0-5-5 5"/>`);
export const hand =
  icon(svg`<path d="M7.500 12V6.300a1.400 1.400 0 0 1 2.800 0V11V4.400a1.400 1.400 0 0 1
  2.800 0V11V5.400a1.400 1.400 0 0 1 2.800 0V12.500V8.400a1.400 1.400 0 0 1 2.800 0V14.500c0 3.900-2.600
  6.500-6.200 6.500c-2.700 0-4.500-1.200-5.800-3.600L4.300 13.800c-.9-1.700 1.100-3 2.300-1.600l.9 1.100"/>`);
export const chat =
  icon(svg`<path d="M4 17.200V7.500A2.500 2.500 0 0 1 6.500 5h11A2.500 2.500 0 0 1 20
  7.500v7a2.500 2.500 0 0 1-2.500 2.500H9.300L5.300 20a.8.8 0 0 1-1.300-.6z"/><path d="M8.500 9.700h7M8.500
  12.700h4.500"/>`);
export const people = icon(svg`<circle cx="9" cy="8.500" r="3.500"/><path d="M2.800 19.500c.5-3.300
  3-5.300 6.200-5.300s5.700 2 6.200 5.300M15.800 5.300a3.300 3.300 0 0 1 0 6.400M17.500 14.600c2 .7 3.300 2.500
  3.700 4.900"/>`);
export const more =
  icon(svg`<g fill="currentColor" stroke="none"><circle cx="5.500" cy="12" r="1.600"/>
  <circle cx="12" cy="12" r="1.600"/><circle cx="18.500" cy="12" r="1.600"/></g>`);
export const leave =
  icon(svg`<path d="M3.700 15.400c-.9-1-1-2.500-.2-3.600C5.400 9.400 8.600 8 12 8s6.600
  1.400 8.500 3.800c.8 1.100.7 2.600-.2 3.600l-.6.600c-.5.600-1.400.700-2.100.300l-2-1.200a1.500 1.500 0 0
  1-.7-1.200l-.1-1.400a9.500 9.500 0 0 0-5.600 0l-.1 1.400c0 .500-.3.900-.7 1.200l-2 1.200c-.7.400-1.600.300-2.100-.300z"
  fill="currentColor" stroke="none"/>`);
export const grid = icon(svg`<rect x="3.500" y="4.500" width="7.300" height="6.500" rx="1.600"/>
  <rect x="13.200" y="4.500" width="7.300" height="6.500" rx="1.600"/><rect x="3.500" y="13" width="7.300"
  height="6.500" rx="1.600"/><rect x="13.200" y="13" width="7.300" height="6.500" rx="1.600"/>`);
export const stage = icon(svg`<rect x="3.500" y="4.500" width="17" height="9" rx="2"/>
  <rect x="3.500" y="16" width="4.700" height="3.500" rx="1"/><rect x="9.650" y="16" width="4.700"
  height="3.500" rx="1"/><rect x="15.800" y="16" width="4.700" height="3.500" rx="1"/>`);
export const fullscreen = icon(svg`<path d="M4 9V6.500A2.500 2.500 0 0 1 6.500 4H9M15 4h2.500A2.500
  2.500 0 0 1 20 6.500V9M20 15v2.500a2.500 2.500 0 0 1-2.500 2.500H15M9 20H6.500A2.500 2.500 0 0 1 4
  17.500V15"/>`);
export const fullscreenExit =
  icon(svg`<path d="M9 4v2.500A2.500 2.500 0 0 1 6.500 9H4M20 9h-2.500A2.500
  2.500 0 0 1 15 6.500V4M15 20v-2.500a2.500 2.500 0 0 1 2.500-2.500H20M4 15h2.500A2.500 2.500 0 0 1 9
  17.500V20"/>`);
export const settings = icon(svg`<path d="M4 7.500h8M18 7.500h2M4 16.500h2M12 16.500h8"/>
  <circle cx="15" cy="7.500" r="2.600"/><circle cx="9" cy="16.500" r="2.600"/>`);
export const invite =
  icon(svg`<path d="M10 13.700a4 4 0 0 0 5.700 0l3.100-3.100a4 4 0 0 0-5.700-5.700
  l-1.100 1.100"/><path d="M14 10.300a4 4 0 0 0-5.700 0l-3.100 3.100a4 4 0 0 0 5.700 5.700l1.100-1.100"/>`);
export const keyboard = icon(svg`<rect x="2.500" y="6" width="19" height="12" rx="2.500"/>
  <path d="M6.500 10h.01M10.200 10h.01M13.800 10h.01M17.500 10h.01M8 14.200h8"/>`);
export const close = icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`);
export const check = icon(svg`<path d="m5 12.500 4.700 4.700L19 7.500"/>`);
export const copy = icon(svg`<rect x="8.500" y="8.500" width="11.500" height="11.500" rx="2.500"/>
  <path d="M15.500 5.500A2 2 0 0 0 13.500 4H6.500A2.500 2.500 0 0 0 4 6.500v7a2 2 0 0 0 1.500 2"/>`);
export const share =
  icon(svg`<path d="M12 14.500V3.800M8.200 7.300 12 3.500l3.800 3.800M7.500 11h-1A2.500 2.500
  0 0 0 4 13.500v4A2.500 2.500 0 0 0 6.500 20h11a2.500 2.500 0 0 0 2.500-2.500v-4a2.500 2.500 0 0
  0-2.500-2.500h-1"/>`);
export const send = icon(svg`<path d="M12 19.500v-15M5.500 11 12 4.500l6.500 6.500"/>`);
export const pin =
  icon(svg`<path d="M9 4h6M10 4v5.500l-2.700 3.200a.8.8 0 0 0 .6 1.300h8.200a.8.8 0 0 0
  .6-1.300L14 9.500V4M12 14v6"/>`);
export const chevronLeft = icon(svg`<path d="m14.500 6-6 6 6 6"/>`);
export const chevronRight = icon(svg`<path d="m9.500 6 6 6-6 6"/>`);
export const volume =
  icon(svg`<path d="M4 9.700v4.600a1 1 0 0 0 1 1h2.800l4 3.300a.7.7 0 0 0 1.200-.6V6
  a.7.7 0 0 0-1.200-.6l-4 3.300H5a1 1 0 0 0-1 1zM16.500 9a4.300 4.300 0 0 1 0 6M19 6.500a8 8 0 0 1 0 11"/>`);
export const warning =
  icon(svg`<path d="M10.500 4.900 3.100 17.700A1.700 1.700 0 0 0 4.600 20.300h14.800
  a1.700 1.700 0 0 0 1.500-2.600L13.500 4.900a1.700 1.700 0 0 0-3 0zM12 10v4M12 17h.01"/>`);
export const refresh = icon(
  svg`<path d="M19.500 12a7.500 7.500 0 1 1-2.200-5.300L19.500 9M19.500 4.500V9H15"/>`,
);
export const play =
  icon(svg`<path d="M8 5.800v12.400a1 1 0 0 0 1.500.9l10.300-6.200a1 1 0 0 0 0-1.700L9.500
  4.900a1 1 0 0 0-1.500.9z" fill="currentColor"/>`);
export const stop = icon(svg`<rect x="6.500" y="6.500" width="11" height="11" rx="2"
  fill="currentColor"/>`);
export const live = icon(svg`<circle cx="12" cy="12" r="2.500" fill="currentColor"/><path d="M7.800
  16.200a6 6 0 0 1 0-8.400M16.200 7.800a6 6 0 0 1 0 8.400M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14"/>`);
export const remove = icon(svg`<circle cx="10" cy="8.500" r="3.500"/><path d="M3.500 19.500c.5-3.300
  3.200-5.300 6.500-5.300 1.300 0 2.500.300 3.500.900M16 17.500h5"/>`);
export const promote =
  icon(svg`<circle cx="10" cy="8.500" r="3.500"/><path d="M3.500 19.500c.5-3.300
  3.200-5.300 6.500-5.300 1 0 2 .200 2.800.500M18.500 20v-6M16 16.500l2.500-2.500 2.500 2.500"/>`);
export const demote = icon(svg`<circle cx="10" cy="8.500" r="3.500"/><path d="M3.500 19.500c.5-3.300
  3.200-5.300 6.500-5.300 1 0 2 .200 2.800.500M18.500 14v6M16 17.500l2.500 2.500 2.500-2.500"/>`);
export const shield =
  icon(svg`<path d="M12 3.500 5 6v5.500c0 4.200 2.900 7.700 7 9 4.100-1.300 7-4.800 7-9V6z"/>
  <path d="m9 11.800 2.200 2.200 3.900-4"/>`);
export const devices =
  icon(svg`<path d="M13 17.500H4.500A1.500 1.500 0 0 1 3 16V7a2 2 0 0 1 2-2h12a2 2 0
  0 1 2 2v1M8.500 20.500H13"/><rect x="15.500" y="10.500" width="5.500" height="10" rx="1.500"/>`);
export const globe =
  icon(svg`<circle cx="12" cy="12" r="8.500"/><path d="M3.500 12h17M12 3.500c2.400
  2.300 3.600 5.200 3.600 8.500s-1.200 6.200-3.600 8.500c-2.400-2.300-3.600-5.200-3.600-8.500S9.600 5.800 12 3.500z"/>`);
export const leaveRoom =
  icon(svg`<path d="M14 4.500H7A2.500 2.500 0 0 0 4.500 7v10A2.500 2.500 0 0 0 7
  19.500h7M10.500 12H20M16.500 8.500 20 12l-3.500 3.500"/>`);

/** The sign of the project: a voice and its answer. */
export const logo = svg`<svg class="logo" viewBox="0 0 32 32" width="32" height="32" fill="none"
  stroke="currentColor" stroke-width="2.800" stroke-linecap="round" aria-hidden="true">
  <path d="M13.200 8.200a11 11 0 0 0 0 15.600M18.800 8.200a11 11 0 0 1 0 15.600"/>
  <path d="M7.500 4.800a16 16 0 0 0 0 22.400M24.500 4.800a16 16 0 0 1 0 22.400" opacity=".45"/></svg>`;

const BARS = [0, 1, 2, 3] as const;

/** Four bars, `level` of them (0 … 4) filled. */
export const bars = (level: number): SVGTemplateResult => svg`<svg class="icon bars"
  viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">${BARS.map(
    (bar) => svg`<rect x=${3.5 + bar * 4.6} y=${16 - bar * 3.6} width="3.2" height=${4 + bar * 3.6}
      rx="1.2" fill="currentColor" opacity=${bar < level ? 1 : 0.25}/>`,
  )}</svg>`;
