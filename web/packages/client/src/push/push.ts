/** Notifications: of this page while it is open, and by Web Push while it is not. */

import { type Api, text } from "../account/api.js";
import { AntiphonError } from "../errors.js";

/** Where the service worker of the node's own pages is (`push/worker.ts`). */
const WORKER = "/push-worker.js";

/** What a notification says. */
export interface Notice {
  title: string;
  text?: string;
  /** A later one with the same tag takes the place of this one. */
  tag?: string;
  icon?: string;
  /** The user chose it; the page has come to the front. */
  chosen?: () => void;
}

/** Whether this environment can show notifications, and may: `default` means that it may ask. */
export function notificationState(): NotificationPermission | "unsupported" {
  return typeof Notification === "undefined" ? "unsupported" : Notification.permission;
}

/** Asks the user; only within a click or key press do browsers ask. */
export async function askToNotify(): Promise<boolean> {
  if (notificationState() === "unsupported") return false;
  return (await Notification.requestPermission()) === "granted";
}

/** Shows a notification if the user lets us; says whether it did. */
export function notify(notice: Notice): boolean {
  if (notificationState() !== "granted") return false;
  const { title, text: body = "", tag, icon, chosen } = notice;
  const options = { body, ...(tag ? { tag } : {}), ...(icon ? { icon } : {}) };
  let shown: Notification;
  try {
    shown = new Notification(title, options);
  } catch {
    // Some browsers on telephones let only service workers do so, which Web Push has anyway.
    return false;
  }
  shown.onclick = () => {
    globalThis.focus?.();
    shown.close();
    chosen?.();
  };
  return true;
}

/** Web Push: messages and calls reach this browser while no page is open. */
export class Push {
  readonly #api: Api;

  /** @internal Made by `Client`. */
  constructor(api: Api) {
    this.#api = api;
  }

  /** Whether this browser can be pushed to. */
  get supported(): boolean {
    return (
      typeof navigator !== "undefined" &&
      "serviceWorker" in navigator &&
      "PushManager" in globalThis
    );
  }

  /**
   * Pushes to this browser from now on; asks the user first. `worker` is the URL of the service
   * worker, of the page's own origin. Rejects with AntiphonError: `unsupported`, `forbidden`.
   */
  async subscribe(options: { worker?: string; device?: string } = {}): Promise<void> {
    if (!this.supported) {
      throw new AntiphonError("unsupported", "This browser takes no push messages here.");
    }
    if (!(await askToNotify())) {
      throw new AntiphonError("forbidden", "Notifications are not allowed.");
    }
    const registration = await navigator.serviceWorker.register(options.worker ?? WORKER);
    await activated(registration);
    const key = text(await this.#api.ask("GET", "/push/key"), "key");
    const subscription = await subscribed(registration, fromBase64Url(key));
    const { endpoint, keys = {} } = subscription.toJSON();
    const made = await this.#api.ask("POST", "/accounts/me/push", {
      endpoint,
      keys: { p256dh: keys.p256dh, auth: keys.auth },
      device: (options.device ?? "").slice(0, 128),
    });
    remember(text(made, "id"));
  }

  /** Pushes to this browser no more. */
  async unsubscribe(): Promise<void> {
    if (!this.supported) return;
    const id = remembered();
    remember("");
    // Asked first: who signs out has a token no longer.
    const told = id && this.#api.send("DELETE", `/accounts/me/push/${encodeURIComponent(id)}`);
    await Promise.all([told, endSubscription()]);
  }

  /** Whether this browser is subscribed. */
  async subscribed(): Promise<boolean> {
    if (!this.supported) return false;
    const registration = await navigator.serviceWorker.getRegistration();
    return Boolean(await registration?.pushManager.getSubscription());
  }
}

/** Waits until the worker is at work: before, it cannot be subscribed. */
async function activated(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active || !worker) return;
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (registration.active) resolve();
      else if (worker.state === "redundant") {
        reject(new AntiphonError("unsupported", "The service worker did not start."));
      }
    });
  });
}

async function endSubscription(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  await subscription?.unsubscribe();
}

/** A subscription with this key; one with another key (the node's has changed) is of no use. */
async function subscribed(
  registration: ServiceWorkerRegistration,
  key: Uint8Array<ArrayBuffer>,
): Promise<PushSubscription> {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await registration.pushManager.subscribe(options);
  } catch (error) {
    const old = await registration.pushManager.getSubscription();
    if (old === null) throw error;
    await old.unsubscribe();
    return registration.pushManager.subscribe(options);
  }
}

function fromBase64Url(encoded: string): Uint8Array<ArrayBuffer> {
  const padded = encoded.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

const KEPT_AS = "antiphon-push";

function remember(id: string): void {
  if (id) globalThis.localStorage?.setItem(KEPT_AS, id);
  else globalThis.localStorage?.removeItem(KEPT_AS);
}

function remembered(): string | null {
  return globalThis.localStorage?.getItem(KEPT_AS) ?? null;
}
