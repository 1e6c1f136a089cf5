// A telephone made of SIP.js. The page says what to do by `phone`, and looks at `phone.state`.

import { Registerer, SessionState, UserAgent, Inviter } from "sip.js";

const phone = { state: "new", registered: false, incoming: "", failure: "" };
let agent = null;
let registerer = null;
let session = null;

const media = { constraints: { audio: true, video: false } };

function follow(one) {
  session = one;
  one.stateChange.addListener((state) => {
    phone.state = state.toLowerCase();
    if (state === SessionState.Established) play(one.sessionDescriptionHandler);
  });
}

function play(handler) {
  const sound = document.createElement("audio");
  sound.autoplay = true;
  sound.srcObject = handler.remoteMediaStream;
  document.body.append(sound);
}

phone.start = async ({ server, address, password }) => {
  agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${address}`),
    transportOptions: { server },
    authorizationUsername: address.split("@")[0],
    authorizationPassword: password,
    sessionDescriptionHandlerFactoryOptions: {
      iceGatheringTimeout: 500,
      peerConnectionConfiguration: { iceServers: [] },
    },
    delegate: {
      onInvite(invitation) {
        phone.incoming = invitation.remoteIdentity.displayName || invitation.remoteIdentity.uri.user;
        phone.state = "incoming";
        follow(invitation);
      },
      onMessage(message) {
        phone.message = message.request.body;
        message.accept();
      },
    },
  });
  await agent.start();
  registerer = new Registerer(agent);
  registerer.stateChange.addListener((state) => {
    phone.registered = state === "Registered";
  });
  await registerer.register();
};

phone.call = async (target) => {
  const inviter = new Inviter(agent, UserAgent.makeURI(target), {
    sessionDescriptionHandlerOptions: media,
  });
  follow(inviter);
  await inviter.invite({
    requestDelegate: {
      onReject: (response) => {
        phone.failure = String(response.message.statusCode);
      },
    },
  });
};

phone.answer = () => session.accept({ sessionDescriptionHandlerOptions: media });
phone.hangUp = () => session.bye();
phone.stop = async () => {
  await registerer.unregister();
  await agent.stop();
};

globalThis.phone = phone;
