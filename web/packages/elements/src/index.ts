/** The custom elements of Antiphon; importing this module defines them. */

export { AntiphonLogin } from "./account/login-element.js";
export { AntiphonProfile } from "./account/profile-element.js";
export { AccountSession } from "./account/session.js";
export { sharedAccount } from "./account/shared.js";
export { AntiphonElement } from "./base.js";
export { AntiphonCall } from "./call/call-element.js";
export { AntiphonChat } from "./chat-element.js";
export { AntiphonContacts } from "./contacts/contacts-element.js";
export { AntiphonLobby } from "./lobby/lobby-element.js";
export type {
  Backend,
  Entered,
  EnterOptions,
  Link,
  Phone,
  Player,
  Publisher,
} from "./room/backend.js";
export { AntiphonRoom } from "./room/room-element.js";
export { AntiphonPlay } from "./streams/play-element.js";
export { AntiphonPublish } from "./streams/publish-element.js";
export { english, type Text } from "./text.js";
