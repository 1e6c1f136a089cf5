// Runs in each page before its own scripts: tells what a person there would see and hear.
// It knows the public surface of the elements only (their attributes, parts and `controller`).
(() => {
  "use strict";

  /** Every element below `root`, through open shadow roots. */
  function* everything(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* everything(element.shadowRoot);
    }
  }

  const withPart = (part) =>
    [...everything(document)].filter((element) => element.part?.contains(part));
  const roomElement = () => document.querySelector("antiphon-room");
  const callElement = () => document.querySelector("antiphon-call");
  const room = () => roomElement()?.controller ?? callElement()?.controller?.room ?? null;

  function member(name) {
    const found = [...(room()?.members.values() ?? [])].filter((one) => one.name === name);
    return found[0] ?? null;
  }

  /** The video elements of the tiles that show `name`, or that show its screen. */
  function videos(name, kind) {
    return withPart("tile")
      .filter((tile) => tile.dataset.name === name && tile.dataset.kind === kind)
      .flatMap((tile) => [...everything(tile)].filter((one) => one.localName === "video"));
  }

  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** Mean hue (degrees) of the coloured pixels and the place (0–1) of the white bar, or null. */
  function look(video) {
    if (!video || video.readyState < 2 || !video.videoWidth) return null;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let x = 0;
    let y = 0;
    let coloured = 0;
    let white = 0;
    let place = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
      const high = Math.max(red, green, blue);
      const low = Math.min(red, green, blue);
      if (high - low > 60) {
        // Hue as an angle in the plane of the three colours.
        const angle = Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue);
        x += Math.cos(angle);
        y += Math.sin(angle);
        coloured += 1;
      } else if (low > 160) {
        white += 1;
        place += (at / 4) % canvas.width;
      }
    }
    const pixels = data.length / 4;
    return {
      hue: coloured ? ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360 : null,
      coloured: coloured / pixels,
      bar: white ? place / white / canvas.width : null,
      width: video.videoWidth,
      height: video.videoHeight,
    };
  }

  const ears = new Map(); // track id → what listens to it
  let audio = null;

  /** Strongest frequency (Hz) of `track` since the last call, and its level (dB). */
  function listen(track) {
    audio ??= new AudioContext();
    void audio.resume();
    let ear = ears.get(track.id);
    if (!ear) {
      const stream = new MediaStream([track]);
      // Chromium decodes a remote track only while some media element plays it.
      const sink = new Audio();
      sink.srcObject = stream;
      sink.muted = true;
      void sink.play().catch(() => {});
      const analyser = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 });
      const source = audio.createMediaStreamSource(stream);
      source.connect(analyser);
      ear = { analyser, sink, source, peak: null };
      ear.timer = setInterval(() => {
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        let top = 0;
        for (let bin = 1; bin < bins.length; bin += 1) if (bins[bin] > bins[top]) top = bin;
        const level = bins[top];
        if (!Number.isFinite(level) || (ear.peak && ear.peak.level >= level)) return;
        ear.peak = { frequency: (top * audio.sampleRate) / analyser.fftSize, level };
      }, 50);
      ears.set(track.id, ear);
      return null;
    }
    const { peak } = ear;
    ear.peak = null;
    return peak;
  }

  const watched = new WeakSet();
  const times = { joining: null, joined: null, frame: null };

  /** Notes when the room was asked for, entered, and when the first remote frame was shown. */
  function watch() {
    const state = roomElement()?.getAttribute("state");
    const now = performance.now();
    if (state === "joining" || state === "joined") times.joining ??= now;
    if (state === "joined") times.joined ??= now;
    const me = room()?.me.id;
    for (const tile of me ? withPart("tile") : []) {
      if (tile.dataset.member === me) continue;
      for (const video of everything(tile)) {
        if (video.localName !== "video" || watched.has(video)) continue;
        watched.add(video);
        video.requestVideoFrameCallback((shown) => {
          times.frame ??= shown;
        });
      }
    }
    if (times.frame !== null) clearInterval(watching);
  }
  const watching = setInterval(watch, 10);

  const connections = [];
  const Native = globalThis.RTCPeerConnection;
  if (Native) {
    globalThis.RTCPeerConnection = class RTCPeerConnection extends Native {
      constructor(...options) {
        super(...options);
        connections.push(this);
      }
    };
  }

  const sockets = [];
  globalThis.WebSocket = class WebSocket extends globalThis.WebSocket {
    constructor(...options) {
      super(...options);
      sockets.push(this);
    }
  };

  let loads = 0;

  globalThis.probe = {
    state: () => roomElement()?.getAttribute("state") ?? null,
    callState: () => callElement()?.getAttribute("state") ?? null,
    /** What stands in the first element with this part; null if there is none. */
    text: (part) => withPart(part)[0]?.textContent.replace(/\s+/g, " ").trim() ?? null,
    /** Names of the others in the room. */
    others: () =>
      [...(room()?.members.values() ?? [])]
        .filter((one) => one.id !== room().me.id)
        .map((one) => one.name)
        .sort(),
    see: (name, kind = "person") =>
      videos(name, kind)
        .map(look)
        .find((seen) => seen !== null) ?? null,
    hear(name) {
      const one = member(name);
      const track = [...(room()?.tracks.values() ?? [])].find(
        (each) => each.member.id === one?.id && each.kind === "audio" && each.mediaTrack,
      );
      return track ? listen(track.mediaTrack) : null;
    },
    /** Texts of the chat as they stand on the page. */
    chat: () =>
      withPart("message").map((element) => element.textContent.replace(/\s+/g, " ").trim()),
    tiles: () =>
      withPart("tile").map(({ dataset }) => ({ name: dataset.name, kind: dataset.kind })),
    /** Counts from now on how often a tile's picture is loaded anew: it goes black then. */
    countLoads() {
      loads = 0;
      for (const video of withPart("tile").flatMap((tile) => [...everything(tile)])) {
        if (video.localName === "video") video.addEventListener("loadstart", () => loads++);
      }
    },
    loads: () => loads,
    /** When what moves for a moment (panels, notices) has come to rest. */
    settled: async () => {
      const roots = [document, ...[...everything(document)].flatMap((one) => one.shadowRoot ?? [])];
      const moving = new Set(roots.flatMap((root) => root.getAnimations()));
      const ending = [...moving].filter((one) =>
        Number.isFinite(one.effect?.getComputedTiming().endTime),
      );
      await Promise.allSettled(ending.map((one) => one.finished));
    },
    times: () => times,
    /** Breaks every WebSocket, as a network does: the server is told nothing of an intention. */
    cut: () => {
      for (const socket of sockets) if (socket.readyState === 1) socket.close(4999);
    },
    /** Any `<video>` of the page, for pages without a room. */
    seeAny: () => {
      const all = [...everything(document)].filter((element) => element.localName === "video");
      return all.map(look).find((seen) => seen !== null) ?? null;
    },
    hearAny: () => {
      for (const element of everything(document)) {
        const track = element.srcObject?.getAudioTracks?.()[0];
        if (track) return listen(track);
      }
      return null;
    },
    /** The transports' security, as the browser's own statistics tell it. */
    security: async () => {
      const found = [];
      for (const connection of connections) {
        if (connection.connectionState === "closed") continue;
        for (const entry of (await connection.getStats()).values()) {
          if (entry.type !== "transport") continue;
          const { dtlsState, dtlsRole, tlsVersion, dtlsCipher, srtpCipher } = entry;
          found.push({ dtlsState, dtlsRole, tlsVersion, dtlsCipher, srtpCipher });
        }
      }
      return found;
    },
  };
})();
