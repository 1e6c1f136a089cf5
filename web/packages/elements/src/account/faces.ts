/** Names and pictures of people, fetched when they are first drawn; it knows no element. */

import type { Faces as Shown } from "../chat/view.js";
import type { Phone } from "../room/backend.js";

interface Face {
  readonly name: string;
  readonly picture: string | null;
}

export class Faces implements Shown {
  readonly #known = new Map<string, Face | null>();

  /** `phone`: by which they are asked for; null: not now. */
  constructor(
    readonly phone: () => Phone | null,
    readonly changed: () => void,
  ) {}

  /** As the user calls them, as they call themselves, or `fallback`. */
  nameOf(address: string, fallback: string): string {
    const own = this.phone()?.people?.contacts.get(address)?.name;
    return own || this.#face(address)?.name || fallback;
  }

  pictureOf(address: string): string | null {
    return this.#face(address)?.picture ?? null;
  }

  /** Somebody changed theirs. */
  told({ address, name, avatar }: { address: string; name: string; avatar: string | null }): void {
    this.#known.set(address, { name, picture: this.#url(avatar) });
    this.changed();
  }

  clear(): void {
    this.#known.clear();
  }

  #face(address: string): Face | null {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const account = this.phone()?.account;
    // Guests, rooms and telephones have none.
    if (!account || !/^[^@/]+@[^@/]+$/u.test(address) || address.includes("@guest.")) return null;
    this.#known.set(address, null);
    void this.#fetch(address);
    return null;
  }

  async #fetch(address: string): Promise<void> {
    try {
      const profile = await this.phone()?.account.profile(address);
      if (!profile) return;
      const { nickname: name, avatar } = profile;
      this.#known.set(address, { name, picture: this.#url(avatar) });
      this.changed();
    } catch (error) {
      // Initials stand for whoever shows nothing.
      console.info("antiphon: no profile of", address, error);
    }
  }

  #url(avatar: string | null): string | null {
    return avatar === null ? null : (this.phone()?.account.pictureUrl(avatar) ?? null);
  }
}
