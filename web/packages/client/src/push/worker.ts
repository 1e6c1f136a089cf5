/**
 * The service worker that shows what is pushed while no page is open. It is a script of its own
 * (`push-worker.js`), built beside the pages; it keeps nothing and fetches nothing.
 */

interface Content {
  title: string;
  text: string;
  tag: string;
  data: { readonly [name: string]: string };
}

/** What of the Service Worker API is used here; the library is typed for pages. */
interface WorkerScope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: object): Promise<readonly PageClient[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: string, listener: (event: never) => void): void;
}

interface PageClient {
  readonly visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

interface Pushed extends Extendable {
  readonly data: { text(): string } | null;
}

interface Chosen extends Extendable {
  readonly notification: Notification;
}

/** The one word of this script that people read; pages have theirs in `text`. */
const MISSED = "Missed call";

/** What a push message says; null where it is none of ours. */
export function readPush(pushed: string): Content | null {
  let content: unknown;
  try {
    content = JSON.parse(pushed);
  } catch {
    return null;
  }
  if (typeof content !== "object" || content === null) return null;
  const { kind, title, text, tag, data } = content as { [name: string]: unknown };
  if (typeof title !== "string" || title === "") return null;
  const words = typeof text === "string" ? text : "";
  return {
    title,
    // Of a call there is the caller's name only.
    text: words === "" && kind === "missed" ? MISSED : words,
    tag: typeof tag === "string" ? tag : "",
    data: typeof data === "object" && data !== null ? (data as Content["data"]) : {},
  };
}

/** Listens in a service worker. */
export function serve(scope: WorkerScope): void {
  scope.addEventListener("install", (event: Extendable) => event.waitUntil(scope.skipWaiting()));
  scope.addEventListener("push", (event: Pushed) => {
    const content = readPush(event.data?.text() ?? "");
    if (content !== null) event.waitUntil(show(scope, content));
  });
  scope.addEventListener("notificationclick", (event: Chosen) => {
    event.notification.close();
    event.waitUntil(open(scope, event.notification.data));
  });
}

async function show(scope: WorkerScope, { title, text, tag, data }: Content): Promise<void> {
  await scope.registration.showNotification(title, { body: text, data, ...(tag ? { tag } : {}) });
}

/**
 * The page is told what was chosen and comes to the front; without one, a new one is opened with
 * the conversation in its address, as the node's start page has it.
 */
async function open(scope: WorkerScope, data: unknown): Promise<void> {
  const pages = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => one.visibilityState === "visible") ?? pages[0];
  if (page === undefined) {
    await scope.clients.openWindow(placeOf(data));
    return;
  }
  page.postMessage({ type: "antiphon-notification", data });
  await page.focus();
}

function placeOf(data: unknown): string {
  const { peer } = (data ?? {}) as Partial<Content["data"]>;
  return typeof peer === "string" ? `/#/chat/${encodeURIComponent(peer)}` : "/";
}
