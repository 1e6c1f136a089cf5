/** Client of Antiphon rooms: connection, room, members, tracks, chat; it knows no DOM. */

export * from "./api.js";
export type {
  IceServer,
  Kind,
  Reason,
  Receive,
  Role,
  Source,
} from "./generated/signalling.js";
