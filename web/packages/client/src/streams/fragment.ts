/** ICE credentials and candidates as SDP fragments (RFC 8840 §9); knows no HTTP. */

const ICE_LINE = /^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates|ice-options):?/;

/** The fragment that asks for an ICE restart: what is ours of a new offer (RFC 9725 §4.3.3). */
export function restartFragment(offer: string): string {
  const lines = offer.split(/\r?\n/);
  const wanted = /^a=(ice-ufrag|ice-pwd):/;
  // With BUNDLE all sections share the credentials of the first (RFC 8843 §7.1).
  const seen = new Set<string>();
  const credentials = lines.filter((line) => {
    const name = wanted.exec(line)?.[1];
    if (name === undefined || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
  const media = lines.filter((line) => /^(m=|a=mid:)/.test(line)).slice(0, 2);
  return [...credentials, ...media, ""].join("\r\n");
}

/** The earlier answer with the credentials and candidates of the server's fragment. */
export function restartedAnswer(answer: string, fragment: string): string {
  const renewed = fragment.split(/\r?\n/).filter((line) => ICE_LINE.test(line));
  const out: string[] = [];
  for (const line of answer.split(/\r?\n/)) {
    if (line === "" || ICE_LINE.test(line)) continue;
    out.push(line);
    // Attributes follow the section's m= and c= lines (RFC 8866 §5).
    if (line.startsWith("a=mid:")) out.push(...renewed);
  }
  return [...out, ""].join("\r\n");
}

/** The `rel="ice-server"` links of a response (RFC 9725 §4.6). */
export function linkedIceServers(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const match of (header ?? "").matchAll(
    /<([^>]+)>((?:\s*;\s*[\w-]+=(?:"[^"]*"|[^;,]*))*)/g,
  )) {
    const [, url = "", rest = ""] = match;
    const parameters = new Map<string, string>();
    for (const one of rest.matchAll(/([\w-]+)=(?:"([^"]*)"|([^;,]*))/g)) {
      parameters.set(one[1] ?? "", one[2] ?? one[3]?.trim() ?? "");
    }
    if (parameters.get("rel") !== "ice-server") continue;
    const username = parameters.get("username");
    const credential = parameters.get("credential");
    servers.push({
      urls: url,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    });
  }
  return servers;
}
