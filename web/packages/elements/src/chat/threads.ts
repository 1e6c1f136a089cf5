/** The conversations that one element has shown, each with its draft; one of them is open. */

import { MOST_ATTACHMENTS } from "@antiphon/client";
import { type Attempt, problemOf } from "../logic/problems.js";
import { Notices } from "../room/notices.js";
import type { Text } from "../text.js";
import { ChatModel } from "./model.js";
import type { Place } from "./place.js";

export interface ThreadsHost {
  readonly text: Text;
  changed(): void;
  attentive(): boolean;
  emit(name: string, detail: unknown): void;
}

export class Threads {
  current: ChatModel | null = null;
  readonly notices: Notices;
  readonly #models = new Map<string, ChatModel>();
  readonly #offs = new Map<ChatModel, () => void>();

  constructor(readonly host: ThreadsHost) {
    this.notices = new Notices(() => host.changed());
  }

  /** Opens the conversation of that key; `place` null: it cannot be had now. */
  show(key: string, place: Place | null): void {
    let model = this.#models.get(key);
    if (!model) {
      model = this.newModel();
      this.#models.set(key, model);
    }
    if (model !== this.current) {
      this.hide();
      this.current = model;
    }
    const other = model.place?.conversation !== place?.conversation;
    if (other) this.#attach(model, place);
    model.open = true;
  }

  /** Nothing is shown any more. */
  hide(): void {
    if (this.current) this.current.open = false;
    this.current = null;
    this.notices.close();
  }

  newModel(): ChatModel {
    return new ChatModel({
      changed: () => this.host.changed(),
      refused: (attempt, error) => this.#refused(attempt, error),
      attentive: () => this.host.attentive(),
      tooMany: () => {
        this.notices.show(this.host.text.chat.files.tooMany(MOST_ATTACHMENTS), "warning");
      },
    });
  }

  #attach(model: ChatModel, place: Place | null): void {
    this.#offs.get(model)?.();
    this.#offs.delete(model);
    model.attach(place);
    if (!place) return;
    const off = place.conversation.on("message", (message) => {
      this.host.emit("antiphon-message", message);
    });
    this.#offs.set(model, off);
  }

  #refused(attempt: Attempt, error: unknown): void {
    const problem = problemOf(attempt, error, this.host.text);
    this.notices.show(`${problem.title}. ${problem.text} ${problem.remedy}`, "warning");
    this.host.emit("antiphon-error", { attempt, reason: problem.reason, text: problem.text });
  }
}
