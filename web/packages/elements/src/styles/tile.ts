/** Looks of one tile: picture, avatar, name, marks. */

import { css } from "lit";

export const tileStyles = css`
  .tile {
    position: absolute;
    inset: 0 auto auto 0;
    overflow: hidden;
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-tile);
    transition:
      transform 0.28s cubic-bezier(0.3, 0.7, 0.2, 1),
      width 0.28s cubic-bezier(0.3, 0.7, 0.2, 1),
      height 0.28s cubic-bezier(0.3, 0.7, 0.2, 1);
    animation: appear 0.25s;
  }
  .resizing .tile {
    transition: none;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  .tile::after {
    content: "";
    position: absolute;
    inset: 0;
    border-radius: inherit;
    pointer-events: none;
    box-shadow: inset 0 0 0 1px rgb(0 0 0 / 0.05);
    transition: box-shadow 0.2s;
  }
  .tile[data-speaking]::after {
    box-shadow:
      inset 0 0 0 3px var(--antiphon-accent),
      inset 0 0 0 4px rgb(0 0 0 / 0.15);
  }
  .tile:focus-visible {
    outline-offset: 2px;
  }
  .tile video {
    display: block;
    width: 100%;
    height: 100%;
    object-fit: cover;
    background: #17181a;
  }
  .tile video[hidden] {
    display: none;
  }
  .tile[data-kind="screen"] {
    background: #0e0f10;
  }
  .tile[data-kind="screen"] video {
    object-fit: contain;
    background: none;
  }
  .mirrored {
    transform: scaleX(-1);
  }
  .face {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    background: light-dark(
      oklch(0.945 0.018 var(--hue)),
      oklch(0.285 0.022 var(--hue))
    );
    container-type: size;
  }
  .face .avatar {
    --side: clamp(40px, 40cqmin, 132px);
    width: var(--side);
    height: var(--side);
    font-size: calc(var(--side) * 0.37);
  }
  .tile[data-held] .face,
  .tile[data-held] video,
  .tile[data-away] video,
  .tile[data-away] .face {
    opacity: 0.4;
  }
  .caption {
    position: absolute;
    inset: auto auto 8px 8px;
    display: flex;
    align-items: center;
    gap: 6px;
    max-width: calc(100% - 16px);
    min-height: 28px;
    padding: 0 10px;
    border-radius: 9px;
    background: rgb(16 17 19 / 0.62);
    color: #fff;
    font-size: 13px;
    font-weight: 550;
    backdrop-filter: blur(6px);
  }
  .caption .icon {
    width: 16px;
    height: 16px;
  }
  .caption .off {
    color: #ff9c94;
  }
  .caption .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .raised {
    position: absolute;
    inset: 8px auto auto 8px;
    display: grid;
    place-items: center;
    width: 34px;
    height: 34px;
    border-radius: 50%;
    background: #ffd166;
    color: #3b2a00;
  }
  .raised .icon {
    width: 20px;
    height: 20px;
  }
  .away {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 8px;
    font-size: 13px;
    font-weight: 600;
  }
  .tools {
    position: absolute;
    inset: 8px 8px auto auto;
    display: flex;
    gap: 6px;
    opacity: 0;
    transition: opacity 0.15s;
  }
  .tile:hover .tools,
  .tile:focus-within .tools,
  .tile[data-pinned] .tools {
    opacity: 1;
  }
  .tools button {
    display: grid;
    place-items: center;
    width: 34px;
    height: 34px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: rgb(16 17 19 / 0.62);
    color: #fff;
    cursor: pointer;
    backdrop-filter: blur(6px);
  }
  .tools button:hover {
    background: rgb(16 17 19 / 0.85);
  }
  .tools .icon {
    width: 19px;
    height: 19px;
  }
  .tools [aria-pressed="true"] {
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
  }
  .tile[data-place="film"] .caption {
    inset: auto auto 5px 5px;
    max-width: calc(100% - 10px);
    min-height: 22px;
    padding: 0 7px;
    border-radius: 7px;
    font-size: 11.5px;
  }
  .tile[data-place="film"] .raised {
    inset: 5px auto auto 5px;
    width: 26px;
    height: 26px;
  }
  .tile[data-place="film"] .tools {
    inset: 5px 5px auto auto;
    scale: 0.85;
    transform-origin: top right;
  }
  .own-screen {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 10px;
    padding: 12px;
    color: #f0f0ee;
    background: rgb(14 15 16 / 0.72);
    text-align: center;
    font-weight: 600;
  }
  .own-screen .icon {
    width: 30px;
    height: 30px;
  }
`;
