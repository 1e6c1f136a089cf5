/** The custom elements of Antiphon; importing this module defines them. */

export { AntiphonRoom } from "./room/room-element.js";
export { english, type Text } from "./text.js";
