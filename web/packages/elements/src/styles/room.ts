/** Layout of the room: gallery, bar, panel, banners, toasts, wide and narrow. */

import { css } from "lit";

export const roomStyles = css`
  :host {
    position: relative;
    width: 100%;
    height: 100%;
    min-height: 320px;
    overflow: hidden;
    container: antiphon-room / size;
  }
  .screen {
    position: absolute;
    inset: 0;
  }
  .call {
    display: grid;
    grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr) auto;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) 0 env(safe-area-inset-left);
  }
  .banners {
    grid-area: 1 / 1 / 2 / 3;
  }
  .gallery {
    grid-area: 2 / 1;
    position: relative;
    min-width: 0;
    margin: 12px 12px 0;
  }
  .tiles {
    position: absolute;
    inset: 0;
  }
  .pager {
    position: absolute;
    inset: 0 auto auto 0;
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 2px;
    height: 40px;
    font-size: 13px;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 4px 14px;
    min-height: 42px;
    margin: 8px 12px 0;
    padding: 5px 8px 5px 16px;
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    font-size: 14px;
    animation: drop 0.25s;
  }
  .banner strong {
    display: inline-flex;
    align-items: center;
    gap: 9px;
    font-weight: 650;
  }
  .banner.trouble strong {
    color: var(--antiphon-warning);
  }
  .banner.sharing strong {
    color: var(--antiphon-accent);
  }
  .banner.hear {
    padding: 0;
    background: none;
  }
  .banner.hear .button {
    min-height: 48px;
    padding-inline: 1.6em;
    border-radius: 24px;
    box-shadow: 0 6px 24px rgb(0 0 0 / 0.2);
  }
  @keyframes drop {
    from {
      opacity: 0;
      transform: translateY(-8px);
    }
  }
  .bar {
    grid-area: 3 / 1 / 4 / 3;
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr);
    align-items: center;
    gap: 16px;
    padding: 12px 18px calc(12px + env(safe-area-inset-bottom));
  }
  .about {
    display: flex;
    align-items: center;
    gap: 10px;
    min-width: 0;
  }
  .about h1 {
    min-width: 0;
    overflow: hidden;
    font-size: 15px;
    font-weight: 650;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .quality {
    color: var(--antiphon-accent);
    cursor: default;
  }
  .quality[data-level="0"],
  .quality[data-level="1"] {
    color: var(--antiphon-danger);
  }
  .quality[data-level="2"] {
    color: var(--antiphon-warning);
  }
  .quality[data-level=""] {
    color: var(--antiphon-muted);
  }
  .tools-row {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 10px;
  }
  .tools-row.end {
    justify-content: flex-end;
    gap: 4px;
  }
  .tools-row.end .round:not([data-on]) {
    background: none;
  }
  .tools-row.end .round:not([data-on]):hover {
    background: var(--antiphon-raised);
  }
  .badge {
    position: absolute;
    inset: 2px 0 auto auto;
    min-width: 19px;
    padding: 0 5px;
    border-radius: 10px;
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
    font: 700 11px/19px var(--antiphon-font);
    font-variant-numeric: tabular-nums;
  }
  .badge.calm {
    background: var(--antiphon-raised);
    color: var(--antiphon-muted);
  }
  .anchor {
    position: relative;
    display: grid;
  }
  .pop {
    position: absolute;
    z-index: 5;
    inset: auto -64px calc(100% + 12px) auto;
    width: max-content;
    animation: rise 0.16s;
  }
  .toasts {
    position: absolute;
    z-index: 4;
    inset: auto auto calc(128px + env(safe-area-inset-bottom)) 24px;
    display: grid;
    justify-items: start;
    gap: 8px;
    max-width: min(380px, calc(100% - 48px));
    pointer-events: none;
  }
  .alone {
    position: absolute;
    inset: auto 16px 16px auto;
    display: grid;
    gap: 10px;
    width: min(330px, calc(100% - 32px));
    padding: 18px;
    border-radius: calc(var(--antiphon-radius) * 1.2);
    background: var(--antiphon-surface);
    box-shadow: 0 10px 40px rgb(0 0 0 / 0.18);
    animation: rise 0.3s;
  }
  .alone h2 {
    font-size: 16px;
  }
  .alone .lead {
    font-size: 14px;
  }
  .link {
    display: flex;
    gap: 8px;
  }
  .link .input {
    min-height: 40px;
    font-size: 14px;
    color: var(--antiphon-muted);
    background: var(--antiphon-background);
    text-overflow: ellipsis;
  }
  .link .button {
    min-height: 40px;
    font-size: 14px;
  }
  @media (hover: none) {
    .menu kbd,
    [data-action="shortcuts"] {
      display: none !important;
    }
  }
  .shortcuts {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 10px 16px;
  }
  .shortcuts dt {
    color: var(--antiphon-muted);
  }
  .actions {
    display: flex;
    justify-content: flex-end;
    gap: 10px;
    margin-top: 20px;
  }
  @container antiphon-room (max-width: 760px) {
    .wide {
      display: none;
    }
    .call {
      grid-template-rows: auto auto minmax(0, 1fr) auto;
    }
    .banners {
      grid-area: 2 / 1 / 3 / 3;
    }
    .gallery {
      grid-area: 3 / 1;
      margin: 8px 8px 0;
    }
    .bar {
      grid-area: 4 / 1 / 5 / 3;
      display: flex;
      justify-content: space-evenly;
      gap: 4px;
      padding: 10px 8px calc(10px + env(safe-area-inset-bottom));
    }
    .bar .about {
      position: absolute;
      inset: env(safe-area-inset-top) 0 auto;
      height: 48px;
      padding: 0 60px 0 16px;
    }
    .call {
      padding-top: calc(48px + env(safe-area-inset-top));
    }
    .bar .tools-row {
      display: contents;
    }
    .hand-button {
      order: 1;
    }
    .chat-button {
      order: 2;
    }
    .anchor {
      order: 3;
    }
    .leave-button {
      order: 4;
    }
    .people-button {
      position: absolute;
      inset: calc(2px + env(safe-area-inset-top)) 8px auto auto;
      width: 44px;
      height: 44px;
    }
    .tools-row.end .chat-button:not([data-on]) {
      background: var(--antiphon-raised);
    }
    .toasts {
      inset-inline-start: 12px;
      max-width: calc(100% - 24px);
    }
    .alone {
      inset: auto 8px 8px 8px;
      width: auto;
    }
  }
`;
