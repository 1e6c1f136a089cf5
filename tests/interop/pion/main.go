// Command pion publishes an IVF (VP8) or Annex B (H.264) and an Ogg (Opus, one packet a page) file
// by WHIP. It prints one JSON line an event and obeys `restart` and `stop` on standard input.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/pion/webrtc/v4"
)

func main() {
	endpoint := flag.String("whip", "", "WHIP endpoint")
	token := flag.String("token", "", "bearer token")
	video := flag.String("video", "", "file.ivf or file.h264")
	audio := flag.String("audio", "", "file.ogg")
	flag.Parse()
	if err := publish(&resource{endpoint: *endpoint, token: *token}, *video, *audio); err != nil {
		log.Fatal(err)
	}
}

func tell(event string, values map[string]any) {
	line := map[string]any{"event": event}
	for name, value := range values {
		line[name] = value
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		log.Fatal(err)
	}
}

func publish(session *resource, video, audio string) error {
	connection, err := connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	mime, reader := webrtc.MimeTypeVP8, vp8
	if strings.HasSuffix(video, ".h264") {
		mime, reader = webrtc.MimeTypeH264, h264
	}
	picture, err := add(connection, mime, "video")
	if err != nil {
		return err
	}
	sound, err := add(connection, webrtc.MimeTypeOpus, "audio")
	if err != nil {
		return err
	}
	answer, err := begin(connection, session)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	ended := make(chan error, 2)
	go func() { ended <- play(picture, loop(video, reader), frameTime, done) }()
	go func() { ended <- play(sound, loop(audio, opus), opusTime, done) }()
	return obey(connection, session, answer, ended)
}

func connect() (*webrtc.PeerConnection, error) {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).
		NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		tell("connection", map[string]any{"state": state.String()})
	})
	connection.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		tell("ice", map[string]any{"state": state.String()})
	})
	return connection, nil
}

type track = webrtc.TrackLocalStaticSample

func add(connection *webrtc.PeerConnection, mime, name string) (*track, error) {
	codec := webrtc.RTPCodecCapability{MimeType: mime}
	made, err := webrtc.NewTrackLocalStaticSample(codec, name, "pion")
	if err != nil {
		return nil, err
	}
	direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	transceiver, err := connection.AddTransceiverFromTrack(made, direction)
	if err != nil {
		return nil, err
	}
	go func() { // Feedback is handled by interceptors as it is read.
		buffer := make([]byte, 1500)
		for {
			if _, _, err := transceiver.Sender().Read(buffer); err != nil {
				return
			}
		}
	}()
	return made, nil
}

// begin offers without candidates, and trickles them once the session exists (RFC 9725 §4.3.2).
func begin(connection *webrtc.PeerConnection, session *resource) (string, error) {
	offer, err := connection.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(offer); err != nil {
		return "", err
	}
	answer, err := session.create(offer.SDP)
	if err != nil {
		return "", err
	}
	tell("created", map[string]any{"location": session.location, "etag": session.etag})
	<-gathered
	if err := session.trickle(fragment(connection.LocalDescription().SDP)); err != nil {
		return "", err
	}
	tell("trickled", nil)
	return answer, connection.SetRemoteDescription(answerOf(answer))
}

func answerOf(sdp string) webrtc.SessionDescription {
	return webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}
}

// obey does what standard input says until it says stop, ends, or the media fails.
func obey(
	connection *webrtc.PeerConnection, session *resource, answer string, ended chan error,
) error {
	commands := make(chan string)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			commands <- lines.Text()
		}
		commands <- "stop"
	}()
	for {
		select {
		case err := <-ended:
			return err
		case command := <-commands:
			switch command {
			case "restart":
				if err := restart(connection, session, &answer); err != nil {
					return err
				}
			case "stop":
				if err := session.remove(); err != nil {
					return err
				}
				tell("removed", nil)
				return nil
			default:
				return fmt.Errorf("no command %q", command)
			}
		}
	}
}

// restart begins ICE anew in the same session (RFC 9725 §4.3.3).
func restart(connection *webrtc.PeerConnection, session *resource, answer *string) error {
	offer, err := connection.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	theirs, err := session.restart(fragment(connection.LocalDescription().SDP))
	if err != nil {
		return err
	}
	*answer = renewed(*answer, theirs)
	if err := connection.SetRemoteDescription(answerOf(*answer)); err != nil {
		return err
	}
	tell("restarted", map[string]any{"etag": session.etag})
	return nil
}
