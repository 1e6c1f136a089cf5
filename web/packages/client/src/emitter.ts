/** Typed events; knows nothing of who emits them. */

type Listener<Values extends unknown[]> = (...values: Values) => void;

/** Typed events: `on` returns the function that takes the listener off. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls `listener` for each event of this name until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener as Listener<never>);
    return () => this.off(name, listener);
  }

  /** Calls `listener` for the next event of this name only. */
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const off = this.on(name, (...values) => {
      off();
      listener(...values);
    });
    return off;
  }

  /** Takes a listener off. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener as Listener<never>);
  }

  /** @internal Calls the listeners; what one of them throws does not concern the others. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(...values);
      } catch (error) {
        reportLater(error);
      }
    }
  }
}

/** The environment reports it as an uncaught error, as it does for DOM listeners. */
function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
