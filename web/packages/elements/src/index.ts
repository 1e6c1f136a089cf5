/** The custom elements of Antiphon; importing this module defines them. */

export { AntiphonElement } from "./base.js";
export { AntiphonLobby } from "./lobby/lobby-element.js";
export type { Backend, Credentials, Entered, EnterOptions, Link } from "./room/backend.js";
export { AntiphonRoom } from "./room/room-element.js";
export { english, type Text } from "./text.js";
