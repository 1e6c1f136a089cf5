/** Every word that people see or hear read; a translation is an object of the same shape. */

import { accountWords } from "./text/account.js";
import { callWords } from "./text/call.js";
import { chatWords } from "./text/chat.js";
import { contactWords } from "./text/people.js";

export interface ProblemText {
  readonly title: string;
  /** What happened. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy: string;
}

const problem = (title: string, text: string, remedy: string): ProblemText => ({
  title,
  text,
  remedy,
});

const PERMIT = "Click the icon at the left of the address bar, allow it, and try again.";

const problems = {
  cameraDenied: problem("Camera blocked", "The browser may not use your camera.", PERMIT),
  cameraMissing: problem(
    "No camera found",
    "This device has no camera that the browser can see.",
    "Connect one and try again, or take part without.",
  ),
  cameraInUse: problem(
    "Camera is busy",
    "Another program uses the camera.",
    "Close that program and try again.",
  ),
  cameraFailed: problem(
    "Camera did not start",
    "The camera gave no picture.",
    "Choose another one in the settings or try again.",
  ),
  microphoneDenied: problem(
    "Microphone blocked",
    "The browser may not use your microphone.",
    PERMIT,
  ),
  microphoneMissing: problem(
    "No microphone found",
    "This device has no microphone that the browser can see.",
    "Connect one and try again; you can listen and write without.",
  ),
  microphoneInUse: problem(
    "Microphone is busy",
    "Another program uses the microphone.",
    "Close that program and try again.",
  ),
  microphoneFailed: problem(
    "Microphone did not start",
    "The microphone gave no sound.",
    "Choose another one in the settings or try again.",
  ),
  bothDenied: problem("Camera and microphone blocked", "The browser may use neither.", PERMIT),
  bothMissing: problem(
    "No camera, no microphone",
    "This device has neither that the browser can see.",
    "Connect one and try again; you can watch, listen and write without.",
  ),
  bothFailed: problem(
    "Camera and microphone did not start",
    "Neither gave anything.",
    "Choose others in the settings or try again.",
  ),
  screenUnsupported: problem(
    "Screen sharing is not available",
    "This browser cannot share a screen.",
    "Use a browser on a computer to share.",
  ),
  screenFailed: problem(
    "The screen was not shared",
    "The browser or the system refused it.",
    "Allow screen recording in the system settings and try again.",
  ),
  insecure: problem(
    "This page is not secure",
    "Browsers allow camera and microphone on secure pages only.",
    "Open the address with https://, or with localhost on this machine.",
  ),
  unsupported: problem(
    "This browser is too old",
    "It lacks what calls need (WebRTC).",
    "Use a current Chrome, Edge, Firefox or Safari.",
  ),
  unauthorized: problem(
    "Please sign in",
    "This server does not let guests in.",
    "Sign in with your address and password.",
  ),
  expired: problem(
    "Your sign-in has expired",
    "The server does not accept it any more.",
    "Join again to renew it.",
  ),
  wrongPassword: problem(
    "That did not work",
    "Address and password do not belong together.",
    "Check both and try again.",
  ),
  forbidden: problem(
    "You may not enter this room",
    "Your account or invitation does not allow it.",
    "Ask whoever invited you for a new link.",
  ),
  noRoom: problem(
    "There is no such room",
    "Nobody has opened a room of this name.",
    "Check the link, or open a room of your own.",
  ),
  badName: problem(
    "That name does not work",
    "The server does not accept it.",
    "Choose another name, with letters.",
  ),
  badRoom: problem(
    "That is not a room name",
    "The server does not accept this name.",
    "Use letters, digits and dashes.",
  ),
  conflict: problem(
    "You are here already",
    "You joined this room from another window.",
    "Close the other window and try again.",
  ),
  roomClosed: problem(
    "The room is closed",
    "The meeting has ended.",
    "Ask for a new link if it should go on.",
  ),
  roomFull: problem(
    "The room is full",
    "There is no place left at the moment.",
    "Try again when somebody has left.",
  ),
  tooMany: problem(
    "Too fast",
    "The server received too many requests from here.",
    "Wait a moment and try again.",
  ),
  tooLong: problem("Too long", "The message is longer than allowed.", "Send it in parts."),
  fileTooLarge: problem(
    "Too large",
    "The server does not take files of this size.",
    "Send a smaller one.",
  ),
  noFiles: problem(
    "No place for files",
    "The server keeps none, or yours is full.",
    "Send text instead.",
  ),
  notWritten: problem(
    "Not sent",
    "They do not take messages from you, or the server does not.",
    "Ask whoever runs it.",
  ),
  invitationGone: problem(
    "This invitation does not work",
    "It has expired, or was used already.",
    "Ask for a new one.",
  ),
  resetGone: problem(
    "This link does not work",
    "It has expired, or was used already.",
    "Ask for a new one.",
  ),
  noSuchPerson: problem(
    "Nobody has this address",
    "The server knows no such account.",
    "Check what you typed.",
  ),
  draining: problem(
    "The server restarts",
    "It takes nobody in for the moment.",
    "Try again in a minute.",
  ),
  removed: problem(
    "You were removed",
    "A moderator took you out of the room.",
    "Ask the moderator if this was a mistake.",
  ),
  offline: problem(
    "No connection",
    "The server cannot be reached.",
    "Check your network and try again.",
  ),
  joinFailed: problem(
    "Joining did not work",
    "Something went wrong between here and the server.",
    "Try again in a moment.",
  ),
  notAllowed: problem("Not allowed", "Your role does not permit this.", "Ask a moderator."),
  actionFailed: problem("That did not work", "The server refused it.", "Try again."),
  noStream: problem(
    "Nothing to see yet",
    "Nobody sends a picture or sound in this room.",
    "It starts here as soon as somebody does.",
  ),
  noSuchCallee: problem(
    "Nobody has this address",
    "The server knows no such account or number.",
    "Check what you typed.",
  ),
  notThere: problem("Not there now", "None of their devices can be reached.", "Try again later."),
  mayNotCall: problem(
    "You may not call there",
    "The server does not allow this call.",
    "Sign in with an account that may.",
  ),
  badCallee: problem(
    "That cannot be called",
    "It is neither an address nor a telephone number.",
    "Type a name, an address like bob@example.org, or a number.",
  ),
  callFailed: problem("The call failed", "Something went wrong on the way.", "Try again."),
  taken: problem(
    "That address is taken",
    "Somebody has an account of this name.",
    "Choose another one, or sign in.",
  ),
  badAccount: problem(
    "That does not work as an account",
    "The server does not accept this address or password.",
    "Use letters and digits, and a longer password.",
  ),
  noRegistration: problem(
    "Accounts are made by administrators",
    "This server lets nobody make an account alone.",
    "Ask whoever runs it.",
  ),
  streamFailed: problem(
    "The stream broke off",
    "The connection could not be made or was lost.",
    "Check your network and try again.",
  ),
} as const satisfies Record<string, ProblemText>;

const plural = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

/** The English texts. */
export const english = {
  problems,
  product: "Antiphon",
  you: "You",
  guest: "Guest",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  dismiss: "Dismiss",
  loading: "Loading",
  prejoin: {
    title: "Ready to join?",
    room: "Room",
    name: "Your name",
    namePlaceholder: "How others see you",
    join: "Join now",
    joining: "Joining…",
    preview: "Camera preview",
    cameraOff: "Camera is off",
    cameraStarting: "Starting camera…",
    level: "Microphone level",
    privacy: "Nobody sees or hears you before you join.",
    viewer: "You will enter without camera and microphone.",
  },
  login: {
    title: "Sign in to join",
    lead: "This server does not let guests in.",
    address: "Address",
    addressPlaceholder: "alice@example.org",
    password: "Password",
    submit: "Sign in and join",
    back: "Back",
  },
  controls: {
    toolbar: "Call controls",
    mute: "Mute microphone",
    unmute: "Unmute microphone",
    cameraOn: "Turn camera on",
    cameraOff: "Turn camera off",
    share: "Share screen",
    stopSharing: "Stop sharing",
    raise: "Raise hand",
    lower: "Lower hand",
    chat: "Chat",
    people: "People",
    more: "More",
    leave: "Leave",
    grid: "Grid layout",
    speaker: "Speaker layout",
    fullscreen: "Full screen",
    exitFullscreen: "Leave full screen",
    settings: "Settings",
    invite: "Invite people",
    shortcuts: "Keyboard shortcuts",
    listener: "You listen here. Raise your hand to ask for the floor.",
  },
  tile: {
    own: (name: string) => `${name} (you)`,
    screen: (name: string) => `${name}’s screen`,
    ownScreen: "Your screen",
    muted: "Microphone off",
    noMicrophone: "No microphone",
    hand: "Hand raised",
    speaking: "Speaking",
    away: "Connection lost",
    phone: "Telephone",
    held: "On hold",
    pin: "Pin to stage",
    unpin: "Unpin",
    moderate: (name: string) => `Actions for ${name}`,
    label: (name: string, facts: readonly string[]) => [name, ...facts].join(", "),
  },
  stage: {
    label: "Stage",
    filmstrip: "Other participants",
    gallery: "Participants",
    previous: "Previous page",
    next: "Next page",
    page: (page: number, pages: number) => `Page ${page} of ${pages}`,
  },
  alone: {
    title: "You are the only one here",
    lead: "Send this link to whom you want to meet.",
  },
  invite: {
    title: "Invite people",
    lead: "Whoever has this link can join the room.",
    copy: "Copy link",
    copied: "Copied",
    share: "Share…",
    shareTitle: (room: string) => `Join “${room}”`,
    failed: "Copying was refused: select the link and copy it yourself.",
  },
  chat: chatWords,
  contacts: contactWords,
  account: accountWords,
  people: {
    title: "People",
    count: (count: number) => plural(count, "participant", "participants"),
    moderator: "Moderator",
    speaker: "Speaker",
    listener: "Listener",
    stream: "Stream",
    mute: "Mute microphone",
    lowerHand: "Lower hand",
    allowToSpeak: "Allow to speak",
    makeModerator: "Make moderator",
    makeSpeaker: "Make speaker",
    makeListener: "Make listener",
    remove: "Remove from room",
    removeTitle: (name: string) => `Remove ${name}?`,
    removeLead: "They leave the room at once.",
  },
  settings: {
    title: "Settings",
    camera: "Camera",
    microphone: "Microphone",
    output: "Speakers",
    none: "None found",
    unnamed: (kind: string, index: number) => `${kind} ${index}`,
    systemDefault: "System default",
  },
  shortcuts: {
    title: "Keyboard shortcuts",
    microphone: "Microphone on or off",
    camera: "Camera on or off",
    screen: "Share screen",
    chat: "Chat",
    people: "People",
    hand: "Raise or lower hand",
    layout: "Grid or speaker layout",
    fullscreen: "Full screen",
    help: "This list",
    close: "Close panel or menu",
  },
  quality: {
    unknown: "Connection is being measured",
    levels: [
      "No connection",
      "Poor connection",
      "Weak connection",
      "Fair connection",
      "Good connection",
    ],
    roundTrip: (milliseconds: number) => `round trip ${Math.round(milliseconds)} ms`,
    loss: (fraction: number) => `${(fraction * 100).toFixed(1)} % lost`,
  },
  banner: {
    reconnecting: "Reconnecting…",
    reconnectingLead: "The call goes on as soon as the network is back.",
    back: "Connected again",
    draining: "The server restarts soon; the call will be moved.",
    tapToHear: "Tap to hear",
    tapLead: "The browser holds the sound back until you tap.",
    sharing: "You are sharing your screen",
    viewer: "You joined without camera and microphone.",
  },
  ended: {
    left: "You left the room",
    leftLead: "See you next time.",
    replaced: "You joined from another window",
    replacedLead: "The call goes on there.",
    rejoin: "Join again",
    home: "Back to start",
  },
  news: {
    entered: (room: string) => `You are in ${room}`,
    joined: (name: string) => `${name} joined`,
    left: (name: string) => `${name} left`,
    hand: (name: string) => `${name} raised a hand`,
    says: (name: string, text: string) => `${name}: ${text}`,
    sharing: (name: string) => `${name} shares a screen`,
    sharingEnded: (name: string) => `${name} stopped sharing`,
    microphoneOn: "Microphone on",
    microphoneOff: "Microphone off",
    cameraOn: "Camera on",
    cameraOff: "Camera off",
    handUp: "Your hand is raised",
    handDown: "Your hand is lowered",
    mutedByModerator: "A moderator muted you",
    role: (role: string) => `You are now: ${role}`,
  },
  lobby: {
    title: "Meet, without the fuss.",
    lead: "Video rooms on your own server. Open a link, and you are in: no account, no download.",
    label: "Room name",
    go: "Open room",
    fresh: "Suggest another name",
    hint: "Take the name offered, type your own, or paste a link.",
    recent: "Recent rooms",
    forget: (name: string) => `Forget ${name}`,
    invalid: "Type a name for the room.",
    features: [
      ["Private by design", "Encrypted media on a server that you run."],
      ["Nothing to install", "Any current browser, on a desk or in a pocket."],
      ["Open standards", "WebRTC, SIP, WHIP and WHEP, under Apache 2.0."],
    ],
  },
  call: callWords,
  publish: {
    start: "Go live",
    stop: "Stop",
    live: "Live",
    connecting: "Connecting…",
    idle: "Not live",
    label: "Publish to a room",
  },
  play: {
    play: "Play",
    stop: "Stop",
    connecting: "Connecting…",
    waiting: "Waiting for a picture…",
    unmute: "Tap to hear",
    live: "Live",
    label: "Live stream",
    fullscreen: "Full screen",
  },
} as const;

/** The shape of a translation. */
export type Text = Widen<typeof english>;

type Widen<T> = T extends string
  ? string
  : T extends (...values: infer A) => string
    ? (...values: A) => string
    : T extends readonly (infer I)[]
      ? readonly Widen<I>[]
      : { readonly [K in keyof T]: Widen<T[K]> };
