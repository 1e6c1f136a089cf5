// A telephone made of JsSIP. The page says what to do by `phone`, and looks at `phone.state`.

import JsSIP from "jssip";

const phone = { state: "new", registered: false, incoming: "", failure: "" };
let agent = null;
let session = null;

const media = {
  mediaConstraints: { audio: true, video: false },
  pcConfig: { iceServers: [] },
};

function follow(one) {
  session = one;
  one.on("progress", () => {
    if (one.direction === "outgoing") phone.state = "ringing";
  });
  one.on("confirmed", () => {
    phone.state = "established";
    const sound = document.createElement("audio");
    sound.autoplay = true;
    sound.srcObject = new MediaStream(
      one.connection.getReceivers().map((receiver) => receiver.track),
    );
    document.body.append(sound);
  });
  one.on("ended", () => {
    phone.state = "terminated";
  });
  one.on("failed", (event) => {
    phone.state = "terminated";
    phone.failure = String(event.message?.status_code ?? event.cause);
  });
}

phone.start = ({ server, address, password }) =>
  new Promise((resolve, reject) => {
    agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server)],
      uri: `sip:${address}`,
      password,
      register: true,
    });
    agent.on("registered", () => {
      phone.registered = true;
      resolve();
    });
    agent.on("unregistered", () => {
      phone.registered = false;
    });
    agent.on("registrationFailed", (event) => reject(new Error(event.cause)));
    agent.on("newRTCSession", ({ session: one }) => {
      follow(one);
      if (one.direction === "incoming") {
        phone.incoming = one.remote_identity.display_name || one.remote_identity.uri.user;
        phone.state = "incoming";
      }
    });
    agent.on("newMessage", ({ originator, request }) => {
      if (originator === "remote") phone.message = request.body;
    });
    agent.start();
  });

phone.call = async (target) => {
  agent.call(target, media);
};
phone.answer = async () => session.answer(media);
phone.hangUp = async () => session.terminate();
phone.stop = async () => agent.stop();

globalThis.phone = phone;
