/** From events of a room to news for the person in it, and to events of the element; no element. */

import type { Member, RemoteTrack, Room } from "@antiphon/client";
import type { RoomSession } from "./session.js";

/** Rooms larger than this come and go silently. */
const TALKATIVE = 12;

/** Listens to the room; the functions returned end that. */
export function tellNews(room: Room, session: RoomSession): (() => void)[] {
  const { host, notices } = session;
  const { news, people } = host.text;
  const hands = new Map<string, boolean>();
  for (const member of room.members.values()) hands.set(member.id, member.hand);
  let role = room.me.role;

  const joined = (member: Member) => {
    hands.set(member.id, member.hand);
    if (member.isLocal) return;
    if (room.members.size <= TALKATIVE) notices.show(news.joined(member.name));
    host.emit("antiphon-member-joined", { member });
  };
  const left = (member: Member) => {
    hands.delete(member.id);
    if (member.isLocal) return;
    if (room.members.size <= TALKATIVE) notices.show(news.left(member.name));
    host.emit("antiphon-member-left", { member });
  };
  const changed = (member: Member) => {
    const raised = member.hand && !hands.get(member.id);
    hands.set(member.id, member.hand);
    if (raised && !member.isLocal) notices.show(news.hand(member.name));
    if (member.isLocal && member.role !== role) {
      role = member.role;
      notices.show(news.role(people[role]));
      session.followRole();
    }
    host.changed();
  };
  const sharing = (track: RemoteTrack, words: (name: string) => string) => {
    if (track.source === "screen") notices.show(words(track.member.name));
    host.changed();
  };
  const trackChanged = () => {
    if (session.microphone.follow()) notices.show(news.mutedByModerator, "warning");
    session.camera.follow();
    host.changed();
  };
  const redraw = () => host.changed();

  return [
    room.on("member-joined", joined),
    room.on("member-left", left),
    room.on("member-changed", changed),
    room.on("track-added", (track) => sharing(track, news.sharing)),
    room.on("track-removed", (track) => sharing(track, news.sharingEnded)),
    room.on("track-changed", trackChanged),
    room.on("media", redraw),
    room.on("local-tracks", trackChanged),
    room.on("rejoined", redraw),
    room.on("quality", redraw),
    room.on("speaker", (member) => {
      host.emit("antiphon-speaker", { member });
      host.changed();
    }),
  ];
}
