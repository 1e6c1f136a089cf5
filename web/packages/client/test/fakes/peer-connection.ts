/** A peer connection that keeps the rules of RFC 8829 about states, sections and rollback. */

export class FakeMediaStreamTrack extends EventTarget {
  enabled = true;
  readyState: "live" | "ended" = "live";
  contentHint = "";

  constructor(readonly kind: "audio" | "video") {
    super();
  }

  /** The device went away. */
  end(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }
}

/** A track to publish. */
export function mediaTrack(kind: "audio" | "video"): FakeMediaStreamTrack & MediaStreamTrack {
  return new FakeMediaStreamTrack(kind) as FakeMediaStreamTrack & MediaStreamTrack;
}

export class FakeTransceiver {
  mid: string | null = null;
  readonly receiver: { track: FakeMediaStreamTrack };
  readonly sender: {
    track: unknown;
    replaceTrack: (track: unknown) => Promise<void>;
  };

  constructor(
    readonly kind: "audio" | "video",
    public direction: string,
    track: unknown,
  ) {
    this.receiver = { track: new FakeMediaStreamTrack(kind) };
    const sender = {
      track,
      replaceTrack: async (other: unknown): Promise<void> => {
        await turn();
        sender.track = other;
      },
    };
    this.sender = sender;
  }
}

export class FakeDataChannel {
  readyState = "connecting";
  bufferedAmount = 0;
  binaryType = "blob";
  readonly sent: unknown[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(
    readonly label: string,
    readonly options: RTCDataChannelInit = {},
  ) {}

  send(data: unknown): void {
    this.sent.push(data);
  }
}

interface Description {
  type: RTCSdpType;
  sdp: string;
}

export class FakePeerConnection {
  signalingState: RTCSignalingState = "stable";
  iceConnectionState: RTCIceConnectionState = "new";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: Description | null = null;
  remoteDescription: Description | null = null;
  onicecandidate: unknown = null;
  oniceconnectionstatechange: (() => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  ontrack: ((event: { track: unknown }) => void) | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  readonly channels: FakeDataChannel[] = [];
  restarts = 0;
  /** The next remote description is rejected. */
  failsNext = false;
  #mids = 0;
  #offered: FakeTransceiver[] = [];
  #generation = 0;

  constructor(readonly configuration: RTCConfiguration = {}) {}

  createDataChannel(label: string, options?: RTCDataChannelInit): FakeDataChannel {
    const channel = new FakeDataChannel(label, options);
    this.channels.push(channel);
    return channel;
  }

  addTransceiver(what: unknown, { direction }: { direction: string }): FakeTransceiver {
    this.#checkOpen();
    const kind = typeof what === "string" ? what : (what as FakeMediaStreamTrack).kind;
    const track = typeof what === "string" ? null : what;
    const transceiver = new FakeTransceiver(kind as "audio" | "video", direction, track);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers(): FakeTransceiver[] {
    return [...this.transceivers];
  }

  async createOffer(): Promise<Description> {
    await turn();
    this.#checkOpen();
    return { type: "offer", sdp: `offer of ${this.transceivers.length} sections` };
  }

  async createAnswer(): Promise<Description> {
    await turn();
    this.#expect("have-remote-offer");
    return { type: "answer", sdp: `answer ${this.#sdp()}` };
  }

  async setLocalDescription(description: Description): Promise<void> {
    await turn();
    this.#checkOpen();
    if (description.type === "rollback") {
      for (const one of this.#offered) one.mid = null;
      this.signalingState = "stable";
    } else if (description.type === "offer") {
      this.#expect("stable", "have-local-offer");
      this.#offered = this.transceivers.filter((one) => one.mid === null);
      for (const one of this.#offered) one.mid = this.#nextMid();
      this.localDescription = { type: "offer", sdp: this.#sdp() };
      this.signalingState = "have-local-offer";
    } else {
      this.#expect("have-remote-offer");
      this.localDescription = { ...description };
      this.signalingState = "stable";
    }
  }

  async setRemoteDescription(description: Description): Promise<void> {
    await turn();
    this.#checkOpen();
    if (this.failsNext) {
      this.failsNext = false;
      throw new Error("malformed description");
    }
    this.remoteDescription = description;
    if (description.type === "answer") {
      this.#expect("have-local-offer");
      this.signalingState = "stable";
    } else {
      this.#expect("stable");
      this.signalingState = "have-remote-offer";
      this.#addOffered(description.sdp);
    }
  }

  restartIce(): void {
    this.restarts += 1;
    this.#generation += 1;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    Object.assign(this.configuration, configuration);
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }

  close(): void {
    this.signalingState = "closed";
  }

  /** The network says how ICE, and with it all, fares. */
  become(ice: RTCIceConnectionState): void {
    this.iceConnectionState = ice;
    this.connectionState =
      ice === "completed" || ice === "checking" ? "connecting" : (ice as RTCPeerConnectionState);
    if (ice === "completed") this.connectionState = "connected";
    this.oniceconnectionstatechange?.();
    this.onconnectionstatechange?.();
  }

  /** `section video 5` in an offer of the server is a section of that kind and id. */
  #addOffered(sdp: string): void {
    for (const [, kind, mid] of sdp.matchAll(/section (audio|video) (\S+)/g)) {
      if (this.transceivers.some((one) => one.mid === mid)) continue;
      const transceiver = new FakeTransceiver(kind as "audio" | "video", "recvonly", null);
      transceiver.mid = mid as string;
      this.transceivers.push(transceiver);
    }
  }

  #nextMid(): string {
    this.#mids += 1;
    return String(this.#mids);
  }

  #sdp(): string {
    const sections = this.transceivers.map((one) => `${one.kind} ${one.mid} ${one.direction}`);
    return [`ufrag ${this.#generation}`, ...sections].join("\n");
  }

  #expect(...states: RTCSignalingState[]): void {
    this.#checkOpen();
    if (!states.includes(this.signalingState)) {
      throw new Error(`InvalidStateError: ${this.signalingState}`);
    }
  }

  #checkOpen(): void {
    if (this.signalingState === "closed") throw new Error("InvalidStateError: closed");
  }
}

/** Makes peer connections and keeps them for the test. */
export function peerConnections(): {
  RTCPeerConnection: typeof RTCPeerConnection;
  all: FakePeerConnection[];
} {
  const all: FakePeerConnection[] = [];
  const RTCPeerConnection = class extends FakePeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      all.push(this);
    }
  } as unknown as typeof globalThis.RTCPeerConnection;
  return { RTCPeerConnection, all };
}

/** Real peer connections answer in a later turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
