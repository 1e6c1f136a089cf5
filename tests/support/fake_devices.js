// Replaces camera and microphone (and screen) of a browser whose fake devices take no files.
// `antiphonPerson` is set before this script: {hue, frequency, screenHue}.
(() => {
  "use strict";
  const person = globalThis.antiphonPerson;

  /** A canvas of one hue with a white bar that moves, drawn by a timer of its own. */
  function picture(hue, width, height) {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const draw = () => {
      context.fillStyle = `hsl(${hue} 100% 50%)`;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "white";
      context.fillRect((((performance.now() / 2000) % 1) * width * 9) / 10, 0, width / 10, height);
    };
    draw();
    const timer = setInterval(draw, 66);
    const stream = canvas.captureStream(15);
    const [track] = stream.getVideoTracks();
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return track;
  }

  /** Pulses of one frequency: a steady tone would be taken for noise. */
  function tone(frequency) {
    const audio = new AudioContext();
    const oscillator = new OscillatorNode(audio, { frequency });
    const gain = new GainNode(audio, { gain: 0 });
    const pulse = new OscillatorNode(audio, { frequency: 1.5, type: "square" });
    const depth = new GainNode(audio, { gain: 0.25 });
    const out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
    pulse.connect(depth).connect(gain.gain);
    gain.gain.value = 0.25;
    oscillator.connect(gain).connect(out);
    oscillator.start();
    pulse.start();
    void audio.resume();
    return out.stream.getAudioTracks()[0];
  }

  const devices = navigator.mediaDevices;
  if (!devices) return;
  devices.getUserMedia = async (constraints = {}) => {
    const stream = new MediaStream();
    if (constraints.video) stream.addTrack(picture(person.hue, 640, 360));
    if (constraints.audio) stream.addTrack(tone(person.frequency));
    return stream;
  };
  devices.getDisplayMedia = async () => new MediaStream([picture(person.screenHue, 1280, 720)]);
})();
