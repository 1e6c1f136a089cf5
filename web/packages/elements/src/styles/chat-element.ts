/** Looks of the chat by itself: its header, and its notices. */

import { css } from "lit";

export const chatElementStyles = css`
  :host {
    position: relative;
    display: flex;
    flex-direction: column;
    width: 100%;
    height: 100%;
    min-height: 240px;
    border-radius: var(--antiphon-chat-radius, var(--antiphon-radius));
    background: var(--antiphon-surface);
    overflow: hidden;
  }
  .note {
    margin: 12px 12px 4px;
  }
  .head {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 64px;
    padding: 10px 10px 10px 18px;
    border-bottom: 1px solid var(--antiphon-line);
  }
  .head .who {
    flex: 1;
    min-width: 0;
    margin-inline-start: 10px;
    line-height: 1.3;
  }
  .head .who > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .head .who strong {
    font-size: 16px;
    font-weight: 650;
  }
  .head .who small {
    color: var(--antiphon-muted);
    font-size: 12.5px;
  }
  .head .round {
    width: 40px;
    height: 40px;
    color: var(--antiphon-muted);
  }
  .head .round:hover {
    color: var(--antiphon-text);
  }
  .head [part="back"] {
    margin-inline: -10px 4px;
  }
  .toasts {
    position: absolute;
    z-index: 8;
    inset: 76px 12px auto;
    display: grid;
    justify-items: center;
    gap: 8px;
    pointer-events: none;
  }
`;
