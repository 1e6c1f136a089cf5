/** Looks of a call that goes on: people, own picture, keys, controls. */

import { css } from "lit";

export const talkStyles = css`
  .talking {
    position: relative;
    display: grid;
    grid-template-rows: auto minmax(0, 1fr) auto;
    grid-row: 1 / -1;
    min-height: 0;
    background: radial-gradient(
      90% 70% at 50% 30%,
      light-dark(oklch(0.94 0.025 var(--hue)), oklch(0.28 0.03 var(--hue))),
      transparent
    );
  }
  .status {
    display: grid;
    justify-items: center;
    padding: 22px 20px 8px;
    line-height: 1.35;
    text-align: center;
  }
  .status strong {
    max-width: 100%;
    overflow: hidden;
    font-size: 20px;
    font-weight: 650;
    letter-spacing: -0.01em;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .status span {
    color: var(--antiphon-muted);
    font-variant-numeric: tabular-nums;
  }
  .parties {
    display: flex;
    flex-wrap: wrap;
    place-content: center;
    align-items: center;
    gap: 14px 24px;
    min-height: 0;
    padding: 12px 20px;
    overflow: auto;
  }
  .party {
    position: relative;
    display: grid;
    justify-items: center;
    gap: 12px;
    min-width: 0;
    animation: appear 0.25s;
  }
  .party .avatar {
    --side: 128px;
    width: var(--side);
    height: var(--side);
    font-size: calc(var(--side) * 0.36);
    transition: box-shadow 0.2s;
  }
  .talking:not([data-count="0"], [data-count="1"]) .party .avatar {
    --side: 92px;
  }
  .party[data-speaking] .avatar {
    box-shadow:
      0 0 0 4px var(--antiphon-background),
      0 0 0 7px var(--antiphon-accent);
  }
  .party[data-held] .avatar,
  .party[data-away] .avatar {
    opacity: 0.5;
  }
  .caption {
    display: flex;
    align-items: center;
    gap: 6px;
    max-width: 180px;
    font-size: 14px;
    font-weight: 550;
  }
  .caption .icon {
    width: 16px;
    height: 16px;
    color: var(--antiphon-muted);
  }
  .caption .off .icon {
    color: var(--antiphon-danger);
  }
  .caption .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  /* With pictures the others fill the room that there is. */
  [data-seen="true"] {
    background: #0f1012;
    color: #f0f0ee;
  }
  [data-seen="true"] .status {
    position: absolute;
    z-index: 1;
    inset: 0 0 auto;
    padding-bottom: 28px;
    background: linear-gradient(rgb(0 0 0 / 0.55), transparent);
    pointer-events: none;
  }
  [data-seen="true"] .status span,
  [data-seen="true"] .control {
    color: #d5d6d4;
  }
  [data-seen="true"] .parties {
    display: grid;
    grid-row: 1 / 3;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, max(240px, 34%)), 1fr));
    place-content: stretch;
    place-items: stretch;
    gap: 4px;
    padding: 0;
    overflow: hidden;
  }
  [data-seen="true"] .party {
    place-content: center;
    min-height: 0;
    overflow: hidden;
    background: oklch(0.26 0.03 var(--hue));
  }
  [data-seen="true"] .party .avatar {
    color-scheme: dark;
  }
  .party video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  [data-seen="true"] .caption {
    position: absolute;
    inset: auto auto 10px 10px;
    padding: 3px 10px;
    border-radius: 9px;
    background: rgb(16 17 19 / 0.62);
    font-size: 13px;
  }
  [data-seen="true"] .caption .icon {
    color: inherit;
  }
  .talking[data-count="1"] .caption:not(:has(.icon)) {
    display: none;
  }
  .self {
    position: absolute;
    z-index: 1;
    inset: auto 16px 124px auto;
    width: clamp(96px, 22cqw, 200px);
    aspect-ratio: 4 / 3;
    border: 2px solid rgb(255 255 255 / 0.85);
    border-radius: var(--antiphon-radius);
    background: #17181a;
    object-fit: cover;
    box-shadow: 0 8px 28px rgb(0 0 0 / 0.3);
    animation: appear 0.25s;
  }
  .mirrored {
    transform: scaleX(-1);
  }
  .rung {
    position: absolute;
    z-index: 2;
    inset: 86px 0 auto;
    display: grid;
    justify-items: center;
    gap: 8px;
    pointer-events: none;
  }
  .rung li {
    display: flex;
    align-items: center;
    gap: 9px;
    padding: 3px 4px 3px 14px;
    border-radius: 22px;
    background: var(--antiphon-surface);
    color: var(--antiphon-text);
    box-shadow: 0 6px 22px rgb(0 0 0 / 0.16);
    font-size: 14px;
    font-weight: 550;
    pointer-events: auto;
  }
  .keys {
    position: absolute;
    z-index: 2;
    inset: auto auto 118px 50%;
    display: grid;
    gap: 10px;
    padding: 16px 20px 20px;
    border-radius: calc(var(--antiphon-radius) * 1.6);
    background: var(--antiphon-surface);
    color: var(--antiphon-text);
    box-shadow: 0 14px 50px rgb(0 0 0 / 0.25);
    translate: -50% 0;
  }
  .keys output {
    max-width: 240px;
    min-height: 30px;
    overflow: hidden;
    direction: rtl;
    font-size: 20px;
    letter-spacing: 0.06em;
    text-align: center;
    text-overflow: ellipsis;
    white-space: nowrap;
    unicode-bidi: plaintext;
  }
  .controls {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 12px clamp(8px, 2.2cqw, 20px);
    padding: 16px 12px calc(18px + env(safe-area-inset-bottom));
  }
  .control {
    width: 64px;
    font-size: 12px;
    text-align: center;
    white-space: nowrap;
  }
  .control .round {
    width: 52px;
    height: 52px;
  }
  .control .round.danger {
    width: 60px;
  }
  [data-seen="true"] .controls {
    z-index: 1;
    background: #0f1012;
  }
  [data-seen="true"] .control .round:not(.danger, [data-on], [data-off]) {
    background: #2a2d31;
    color: #f0f0ee;
  }
  @container antiphon-call (max-width: 560px) {
    .controls {
      display: grid;
      grid-template-columns: repeat(4, 64px);
    }
    .keys,
    .self {
      bottom: 208px;
    }
  }
`;
