import { describe, expect, it } from "vitest";
import { linkedIceServers, restartedAnswer, restartFragment } from "../../src/streams/fragment.js";

const OFFER = [
  "v=0",
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:EsAw",
  "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
  "a=mid:0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=ice-ufrag:EsAw",
  "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
  "a=mid:1",
  "",
].join("\r\n");

describe("an ICE restart", () => {
  it("sends the new credentials once, with the first section", () => {
    expect(restartFragment(OFFER).split("\r\n")).toEqual([
      "a=ice-ufrag:EsAw",
      "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "",
    ]);
  });

  it("puts the server's new credentials and candidates into every section", () => {
    const answer = [
      "v=0",
      "a=ice-lite",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=ice-ufrag:old",
      "a=mid:0",
      "a=candidate:1 1 udp 1 192.0.2.1 7882 typ host",
      "a=rtpmap:111 opus/48000/2",
      "m=video 9 UDP/TLS/RTP/SAVPF 96",
      "a=ice-pwd:old",
      "a=mid:1",
      "",
    ].join("\r\n");
    const fragment = [
      "a=ice-ufrag:new",
      "a=ice-pwd:secret",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "a=candidate:2 1 udp 1 192.0.2.2 7882 typ host",
      "a=end-of-candidates",
      "",
    ].join("\r\n");
    const renewed = [
      "a=ice-ufrag:new",
      "a=ice-pwd:secret",
      "a=candidate:2 1 udp 1 192.0.2.2 7882 typ host",
      "a=end-of-candidates",
    ];
    expect(restartedAnswer(answer, fragment).split("\r\n")).toEqual([
      "v=0",
      "a=ice-lite",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      ...renewed,
      "a=rtpmap:111 opus/48000/2",
      "m=video 9 UDP/TLS/RTP/SAVPF 96",
      "a=mid:1",
      ...renewed,
      "",
    ]);
  });
});

describe("ICE servers in Link headers", () => {
  it("are taken with their credentials; other links are not", () => {
    const header =
      '<stun:stun.example>; rel="ice-server", <https://node.example/x>; rel="alternate", ' +
      '<turn:turn.example?transport=udp>; rel="ice-server"; username="ann"; credential="a, b"';
    expect(linkedIceServers(header)).toEqual([
      { urls: "stun:stun.example" },
      { urls: "turn:turn.example?transport=udp", username: "ann", credential: "a, b" },
    ]);
    expect(linkedIceServers(null)).toEqual([]);
  });
});
