/** Looks of a telephone's pad. */

import { css } from "lit";

export const padStyles = css`
  .pad {
    display: grid;
    grid-template-columns: repeat(3, 68px);
    justify-content: center;
    gap: 10px 18px;
    animation: rise 0.16s;
  }
  .key {
    display: grid;
    place-content: center;
    justify-items: center;
    width: 68px;
    height: 60px;
    padding: 0;
    border: 0;
    border-radius: 22px;
    background: var(--antiphon-raised);
    cursor: pointer;
    transition:
      background-color 0.12s,
      transform 0.1s;
  }
  .key:hover {
    background: color-mix(in oklab, var(--antiphon-raised), var(--antiphon-text) 9%);
  }
  .key:active {
    transform: scale(0.93);
    background: color-mix(in oklab, var(--antiphon-accent) 30%, var(--antiphon-raised));
  }
  .key strong {
    font-size: 23px;
    font-weight: 500;
    line-height: 1.1;
  }
  .key span {
    min-height: 13px;
    color: var(--antiphon-muted);
    font-size: 10px;
    font-weight: 650;
    letter-spacing: 0.12em;
    line-height: 13px;
  }
`;
