/** Looks of the elements that publish or play one stream. */

import { css } from "lit";

export const streamStyles = css`
  :host {
    position: relative;
    width: 100%;
    aspect-ratio: 16 / 9;
    border-radius: var(--antiphon-radius);
    background: #131416;
    color: #f0f0ee;
    overflow: hidden;
    container: antiphon-stream / size;
  }
  video {
    display: block;
    width: 100%;
    height: 100%;
    object-fit: contain;
  }
  .mirrored {
    transform: scaleX(-1);
  }
  .middle {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    padding: 20px;
    text-align: center;
  }
  .middle p {
    max-width: 42ch;
    font-size: 14px;
  }
  .middle strong {
    font-size: 16px;
    font-weight: 650;
  }
  .middle .spinner {
    width: 30px;
    height: 30px;
    border-width: 3px;
  }
  .big {
    display: grid;
    place-items: center;
    width: 76px;
    height: 76px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: var(--antiphon-accent);
    color: var(--antiphon-accent-text);
    cursor: pointer;
    transition: transform 0.15s;
  }
  .big:hover {
    transform: scale(1.05);
  }
  .big .icon {
    width: 36px;
    height: 36px;
  }
  .controls {
    position: absolute;
    inset: auto 0 0;
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 40px 14px 14px;
    background: linear-gradient(transparent, rgb(0 0 0 / 0.55));
  }
  .controls.shy {
    opacity: 0;
    transition: opacity 0.2s;
  }
  :host(:hover) .controls.shy,
  .controls.shy:focus-within {
    opacity: 1;
  }
  .controls .space {
    flex: 1;
  }
  .round {
    width: 44px;
    height: 44px;
    background: rgb(20 21 23 / 0.6);
    color: #fff;
  }
  .round:hover {
    background: rgb(20 21 23 / 0.85);
  }
  .round[data-off] {
    background: var(--antiphon-danger);
    color: #fff;
  }
  .pill {
    position: absolute;
    inset: 14px auto auto 14px;
    display: flex;
    align-items: center;
    gap: 7px;
    padding: 3px 12px;
    border-radius: 20px;
    background: rgb(20 21 23 / 0.65);
    font-size: 13px;
    font-weight: 650;
  }
  .pill::before {
    content: "";
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: #8d8f8d;
  }
  .pill[data-live]::before {
    background: #ff4d42;
    animation: beat 1.6s ease-in-out infinite;
  }
  @keyframes beat {
    50% {
      opacity: 0.35;
    }
  }
`;
