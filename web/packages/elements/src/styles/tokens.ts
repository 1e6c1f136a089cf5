/** Colours, radii and type of all elements as custom properties; it knows no layout. */

import { css } from "lit";

export const tokens = css`
  :host {
    --antiphon-accent: light-dark(#0d7763, #3fcaa8);
    --antiphon-accent-text: light-dark(#ffffff, #04231b);
    --antiphon-background: light-dark(#f5f4f1, #131416);
    --antiphon-surface: light-dark(#ffffff, #1d1f22);
    --antiphon-raised: light-dark(#e9e6df, #2a2d31);
    --antiphon-tile: light-dark(#e4e2dc, #24272b);
    --antiphon-text: light-dark(#1c1d1f, #f0f0ee);
    --antiphon-muted: light-dark(#63645f, #a3a5a3);
    --antiphon-line: light-dark(#dedbd4, #34373b);
    --antiphon-danger: light-dark(#c7362b, #e5544a);
    --antiphon-danger-text: #ffffff;
    --antiphon-warning: light-dark(#8f5a00, #f1b552);
    --antiphon-radius: 14px;
    --antiphon-font: "Inter", "Segoe UI", "SF Pro Text", -apple-system, "Roboto", "Noto Sans",
      "Ubuntu", "Cantarell", "Helvetica Neue", "Liberation Sans", Arial, sans-serif;

    color-scheme: light dark;
    display: block;
    box-sizing: border-box;
    color: var(--antiphon-text);
    background: var(--antiphon-background);
    font: 400 15px/1.5 var(--antiphon-font);
    -webkit-font-smoothing: antialiased;
    text-align: start;
  }
  :host([hidden]) {
    display: none;
  }
  :host([theme="light"]) {
    color-scheme: light;
  }
  :host([theme="dark"]) {
    color-scheme: dark;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      transition-duration: 0.01ms !important;
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
    }
  }
`;
