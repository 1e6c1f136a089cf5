/** Files of a message: pictures as such, sound and film to be played, anything else to be loaded. */

import { type Attachment, readableAt } from "@antiphon/client";
import { html, nothing, type TemplateResult } from "lit";
import * as icons from "../icons.js";
import { fitted, sizeWords } from "../logic/sizes.js";
import type { ChatView } from "./view.js";

const LARGEST = { width: 320, height: 260 };
/** It has no size of its own, and may be a program. */
const DRAWING = /^image\/svg\b/u;
const SQUARE = { width: 240, height: 180 };
/** A picture without a small one is shown itself up to this many bytes. */
const SMALL_FILE = 2_000_000;

export function attachmentsView(view: ChatView, files: readonly Attachment[]): TemplateResult {
  return html`<ul class="attachments" part="attachments">
    ${files
      .map((file) => hereOf(view, file))
      .map((file) => html`<li>${isSafe(file.url) ? fileView(view, file) : nothing}</li>`)}
  </ul>`;
}

/** The file as it is read from this page. */
function hereOf({ server }: ChatView, file: Attachment): Attachment {
  const { url, thumbnail } = file;
  return {
    ...file,
    url: readableAt(url, server),
    thumbnail: thumbnail && readableAt(thumbnail, server),
  };
}

function fileView(view: ChatView, file: Attachment): TemplateResult {
  // Another server would learn who reads here, and when.
  const ours = isOf(view.server, file.url);
  const kind = file.mediaType.split("/")[0];
  if (ours && kind === "image" && !DRAWING.test(file.mediaType) && pictureOf(file))
    return pictureView(view, file);
  if (ours && (kind === "audio" || kind === "video")) return playerView(view, file, kind);
  return linkView(view, file);
}

function pictureView({ text, server }: ChatView, file: Attachment): TemplateResult {
  const { width, height } = file;
  const box = width && height ? fitted({ width, height }, LARGEST) : SQUARE;
  const name = file.name || text.chat.files.picture;
  const small = pictureOf(file) ?? "";
  return html`<a
    class="picture"
    part="picture"
    href=${file.url}
    target="_blank"
    rel="noopener noreferrer"
    aria-label=${text.chat.files.open(name)}
    ><img
      src=${isOf(server, small) ? small : file.url}
      alt=${name}
      width=${box.width}
      height=${box.height}
      loading="lazy"
  /></a>`;
}

function playerView(view: ChatView, file: Attachment, kind: "audio" | "video"): TemplateResult {
  const player =
    kind === "audio"
      ? html`<audio part="audio" controls preload="none" src=${file.url}></audio>`
      : html`<video part="film" controls preload="metadata" src=${file.url}></video>`;
  return html`${player} ${linkView(view, file)}`;
}

function linkView({ text }: ChatView, file: Attachment): TemplateResult {
  const name = file.name || text.chat.files.unnamed;
  return html`<a
    class="file"
    part="file"
    href=${file.url}
    download=${file.name}
    target="_blank"
    rel="noopener noreferrer"
  >
    ${icons.file}
    <span><strong>${name}</strong>${file.size === null ? nothing : html`<small>${sizeWords(file.size)}</small>`}</span>
    ${icons.download}
  </a>`;
}

function pictureOf(file: Attachment): string | null {
  if (file.thumbnail) return file.thumbnail;
  return file.size !== null && file.size <= SMALL_FILE ? file.url : null;
}

function isSafe(url: string): boolean {
  return /^https?:\/\//iu.test(url);
}

function isOf(server: string, url: string): boolean {
  try {
    return new URL(url, server).origin === new URL(server).origin;
  } catch {
    // What is no address is not ours.
    return false;
  }
}
