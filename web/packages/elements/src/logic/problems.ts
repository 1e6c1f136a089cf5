/** From the reason of a refusal to words with a remedy; it knows reasons and texts only. */

import type { ProblemText, Text } from "../text.js";

/** What was tried. */
export type Attempt =
  | "camera"
  | "microphone"
  | "both"
  | "screen"
  | "guest"
  | "join"
  | "login"
  | "register"
  | "call"
  | "action"
  | "message"
  | "contact"
  | "upload"
  | "invitation"
  | "reset"
  | "password"
  | "stream";

export type ProblemName = keyof Text["problems"];

export interface Problem extends ProblemText {
  readonly name: ProblemName;
  readonly reason: string;
  /** True if the same may work when tried again. */
  readonly retry: boolean;
}

type Device = "camera" | "microphone" | "both";

const DEVICE: Readonly<Record<Device, Readonly<Record<string, ProblemName>>>> = {
  camera: {
    denied: "cameraDenied",
    "not-found": "cameraMissing",
    "in-use": "cameraInUse",
    insecure: "insecure",
    unsupported: "unsupported",
  },
  microphone: {
    denied: "microphoneDenied",
    "not-found": "microphoneMissing",
    "in-use": "microphoneInUse",
    insecure: "insecure",
    unsupported: "unsupported",
  },
  both: {
    denied: "bothDenied",
    "not-found": "bothMissing",
    insecure: "insecure",
    unsupported: "unsupported",
  },
};

const SCREEN: Readonly<Record<string, ProblemName>> = {
  insecure: "insecure",
  unsupported: "screenUnsupported",
};

const JOIN: Readonly<Record<string, ProblemName>> = {
  bad_request: "badRoom",
  unauthorized: "unauthorized",
  forbidden: "forbidden",
  not_found: "noRoom",
  conflict: "conflict",
  gone: "roomClosed",
  closed: "roomClosed",
  too_many: "roomFull",
  busy: "roomFull",
  draining: "draining",
  removed: "removed",
  timeout: "offline",
  lost: "offline",
  offline: "offline",
  network: "offline",
  "not-connected": "offline",
  insecure: "insecure",
  unsupported: "unsupported",
  unavailable: "unsupported",
};

/** Before the room: the server lets no guest in, or no more of them now. */
const GUEST: Readonly<Record<string, ProblemName>> = {
  ...JOIN,
  unauthorized: "unauthorized",
  forbidden: "unauthorized",
  bad_request: "badName",
  not_found: "offline",
  too_many: "tooMany",
  busy: "tooMany",
};

const LOGIN: Readonly<Record<string, ProblemName>> = {
  unauthorized: "wrongPassword",
  forbidden: "wrongPassword",
  too_many: "tooMany",
  network: "offline",
  timeout: "offline",
  offline: "offline",
  lost: "offline",
};

const REGISTER: Readonly<Record<string, ProblemName>> = {
  ...LOGIN,
  unauthorized: "noRegistration",
  forbidden: "noRegistration",
  conflict: "taken",
  bad_request: "badAccount",
};

const CALL: Readonly<Record<string, ProblemName>> = {
  bad_request: "badCallee",
  unauthorized: "expired",
  forbidden: "mayNotCall",
  not_found: "noSuchCallee",
  unavailable: "notThere",
  too_many: "tooMany",
  draining: "draining",
  network: "offline",
  timeout: "offline",
  lost: "offline",
  "not-connected": "offline",
};

const ACTION: Readonly<Record<string, ProblemName>> = {
  forbidden: "notAllowed",
  too_many: "tooMany",
  busy: "tooMany",
  too_large: "tooLong",
  network: "offline",
  lost: "offline",
  timeout: "offline",
  "not-connected": "offline",
};

const FALLBACK: Readonly<Record<Attempt, ProblemName>> = {
  camera: "cameraFailed",
  microphone: "microphoneFailed",
  both: "bothFailed",
  screen: "screenFailed",
  guest: "joinFailed",
  join: "joinFailed",
  login: "joinFailed",
  register: "badAccount",
  call: "callFailed",
  action: "actionFailed",
  message: "actionFailed",
  contact: "actionFailed",
  upload: "actionFailed",
  invitation: "invitationGone",
  reset: "resetGone",
  password: "actionFailed",
  stream: "streamFailed",
};

const TABLES: Readonly<Record<Attempt, Readonly<Record<string, ProblemName>>>> = {
  ...DEVICE,
  screen: SCREEN,
  guest: GUEST,
  join: JOIN,
  login: LOGIN,
  register: REGISTER,
  call: CALL,
  action: ACTION,
  message: { ...ACTION, forbidden: "notWritten", not_found: "noSuchPerson" },
  contact: { ...ACTION, not_found: "noSuchPerson", bad_request: "noSuchPerson" },
  upload: { ...ACTION, too_large: "fileTooLarge", not_found: "noFiles", unsupported: "noFiles" },
  invitation: { network: "offline", too_many: "tooMany" },
  reset: { network: "offline", too_many: "tooMany", bad_request: "badAccount" },
  password: {
    ...ACTION,
    unauthorized: "wrongPassword",
    forbidden: "wrongPassword",
    bad_request: "badAccount",
  },
  stream: { ...JOIN, not_found: "noStream", conflict: "noStream" },
};

const FINAL: ReadonlySet<ProblemName> = new Set(["insecure", "unsupported", "removed", "badRoom"]);

/** The words for what went wrong; `detail` is what the other side said. */
export function problemOf(attempt: Attempt, error: unknown, text: Text): Problem {
  const reason = reasonOf(error);
  const name = TABLES[attempt][reason] ?? FALLBACK[attempt];
  return { name, reason, retry: !FINAL.has(name), ...text.problems[name] };
}

/** The reason that an error carries, "network" for a fetch that never arrived. */
export function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "reason" in error) {
    return String((error as { reason: unknown }).reason);
  }
  return error instanceof TypeError ? "network" : "internal";
}
