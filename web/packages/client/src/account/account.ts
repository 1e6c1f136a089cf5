/** The own account over HTTP: password, profile, picture; it knows no session. */

import type { Api } from "./api.js";
import { fromChange, type Profile, type ProfileChange, toProfile } from "./profile.js";

/** Pictures of this size and smaller are kept ready. */
const SMALL = 96;

/** What an account's owner may change of it. All reject with AntiphonError. */
export class Account {
  readonly #api: Api;

  /** @internal Made by `Client`. */
  constructor(api: Api) {
    this.#api = api;
  }

  /** Gives it another password; every token from before is void then. */
  async changePassword(current: string, password: string): Promise<void> {
    await this.#api.send("PUT", "/accounts/me/password", { current, password });
  }

  /** What the account, or another one, says of itself. */
  async profile(address = "me"): Promise<Profile> {
    return toProfile(await this.#api.ask("GET", `${path(address)}/profile`));
  }

  /** Changes what is given; `nickname` is the name that is shown. */
  async setProfile(change: ProfileChange): Promise<Profile> {
    return toProfile(await this.#api.ask("PATCH", "/accounts/me/profile", fromChange(change)));
  }

  /** Shows another picture: a PNG, JPEG, WebP or GIF file. Resolves with what names it. */
  async setAvatar(picture: Blob): Promise<string> {
    return String((await this.#api.ask("PUT", "/accounts/me/avatar", picture)).id);
  }

  /** Shows no picture any more. */
  async removeAvatar(): Promise<void> {
    await this.#api.send("DELETE", "/accounts/me/avatar");
  }

  /** Where a picture is, for `<img>`. `size` in pixels: up to 96 a small one. */
  pictureUrl(avatar: string, size = SMALL): string {
    return `${this.#api.server}/avatars/${encodeURIComponent(avatar)}?size=${size}`;
  }

  /** Deletes the account with everything that is kept of it. */
  async remove(): Promise<void> {
    await this.#api.send("DELETE", "/accounts/me");
  }
}

function path(address: string): string {
  return `/accounts/${encodeURIComponent(address)}`;
}
