/** Client of Antiphon rooms: connection, room, members, tracks, chat; it knows no DOM. */

export type {};
