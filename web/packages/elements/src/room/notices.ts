/** Short news of a room: shown for some seconds and read aloud; it knows no element. */

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "warning";
}

const SHOWN = { plain: 5000, warning: 10_000 } as const;
const MOST = 4;

export class Notices {
  toasts: readonly Toast[] = [];
  /** What a screen reader shall say next. */
  spoken = "";
  #last = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(readonly changed: () => void) {}

  /** Says it aloud only. */
  say(text: string): void {
    // A reader stays silent when the text is the same as before: an invisible mark makes it another.
    this.spoken = this.spoken === text ? `${text}\u200b` : text;
    this.changed();
  }

  /** Shows it for a while and says it. */
  show(text: string, tone: Toast["tone"] = "plain"): void {
    this.#last += 1;
    const toast = { id: this.#last, text, tone };
    // What is said again is news, and not twice to be read.
    const others = this.toasts.filter((one) => one.text !== text);
    this.toasts = [...others, toast].slice(-MOST);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.dismiss(toast.id);
    }, SHOWN[tone]);
    this.#timers.add(timer);
    this.say(text);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.changed();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.toasts = [];
  }
}
