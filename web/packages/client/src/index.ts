/** Client of Antiphon rooms: connection, room, members, tracks, chat; it knows no DOM. */

export { Account } from "./account/account.js";
export type { PostalAddress, Profile, ProfileChange } from "./account/profile.js";
export type { Call, CallEvents } from "./calls/call.js";
export { type CallLogOptions, type CallPage, fetchCalls, type LoggedCall } from "./calls/log.js";
export {
  type CallOptions,
  Client,
  type ClientEvents,
  type ClientOptions,
  type ClientState,
  type Invitation,
} from "./client.js";
export {
  type CameraOptions,
  type DeviceReason,
  type Devices,
  listDevices,
  onDevicesChanged,
  openCamera,
  openMicrophone,
  openScreen,
} from "./devices.js";
export { Emitter } from "./emitter.js";
export { AntiphonError } from "./errors.js";
export { Files, readableAt, type UploadOptions } from "./files/files.js";
export type {
  Affiliation,
  CallState,
  IceServer,
  Kind,
  Reason,
  Receive,
  Role,
  Show,
  Source,
} from "./generated/signalling.js";
export type { MediaState } from "./media/health.js";
export type { PublishOptions } from "./media/publications.js";
export {
  Conversation,
  type ConversationEvents,
  type MessagePage,
  type SearchPage,
  type SendOptions,
} from "./messages/conversation.js";
export {
  type Attachment,
  LONGEST_TEXT,
  type Message,
  type MessageState,
  MOST_ATTACHMENTS,
  type Reaction,
} from "./messages/message.js";
export { type FoundMessages, Messages, type MessagesEvents } from "./messages/messages.js";
export type { Typist } from "./messages/typing.js";
export { type OwnPresence, People, type PeopleEvents } from "./people/people.js";
export type { Contact, Presence, PresenceDevice } from "./people/types.js";
export {
  askToNotify,
  type Notice,
  notificationState,
  notify,
  Push,
} from "./push/push.js";
export type { Quality, RoomEvents } from "./room/events.js";
export { Room } from "./room/room.js";
export type { JoinOptions, LocalTrack, Member, RemoteTrack } from "./room/types.js";
export {
  authGuest,
  authLogin,
  authRenew,
  type Credentials,
  checkInvitation,
  fetchOffers,
  type InvitationTerms,
  type Offers,
  registerAccount,
  resetPassword,
} from "./session/auth.js";
export { tokenExpiry } from "./session/expiry.js";
export type { StreamEvents, StreamOptions, StreamState } from "./streams/stream.js";
export { WhepPlayer } from "./streams/whep.js";
export { WhipPublisher } from "./streams/whip.js";
