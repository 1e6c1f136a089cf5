/** Looks of presence: a dot beside a picture, whose shape says the same as its colour. */

import { css } from "lit";

export const presenceStyles = css`
  .presence-of {
    position: relative;
    flex: none;
  }
  .dot {
    position: absolute;
    inset: auto -2px -2px auto;
    width: 13px;
    height: 13px;
    border: 2px solid var(--antiphon-dot-edge, var(--antiphon-surface));
    border-radius: 50%;
    background: light-dark(#8a8b86, #85888a);
  }
  .dot[data-show="available"],
  .dot[data-show="chat"] {
    background: #2fb36d;
  }
  .dot[data-show="away"],
  .dot[data-show="xa"] {
    background:
      radial-gradient(
        circle at 20% 25%,
        var(--antiphon-dot-edge, var(--antiphon-surface)) 42%,
        transparent 46%
      ),
      light-dark(#c98a12, #f1b552);
  }
  .dot[data-show="busy"] {
    background:
      linear-gradient(#fff, #fff) center / 5px 2px no-repeat,
      #d3453a;
  }
  .dot[data-show="offline"] {
    background:
      radial-gradient(
        circle,
        var(--antiphon-dot-edge, var(--antiphon-surface)) 32%,
        transparent 38%
      ),
      light-dark(#8a8b86, #85888a);
  }
`;
