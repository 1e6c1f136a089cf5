/** Looks of the chat by itself. */

import { css } from "lit";

export const chatElementStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    width: 100%;
    height: 100%;
    min-height: 240px;
    padding-top: 8px;
    border-radius: var(--antiphon-radius);
    background: var(--antiphon-surface);
    overflow: hidden;
  }
  .note {
    margin: 4px 12px;
  }
`;
