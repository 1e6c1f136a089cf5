package main

// Signalling: one POST that offers and is answered (RFC 9725 §4.2, and WHEP alike), one DELETE.

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

var client = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// prepare makes the local description with all candidates: what a client does before it asks.
func prepare(pc *webrtc.PeerConnection) error {
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	return nil
}

// session is an answered offer.
type session struct {
	location string // absolute; empty if the server gave none
	answer   string
}

// ask posts the offer and applies the answer.
func ask(endpoint string, pc *webrtc.PeerConnection) (session, error) {
	offer := strings.NewReader(pc.LocalDescription().SDP)
	response, err := client.Post(endpoint, "application/sdp", offer)
	if err != nil {
		return session{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return session{}, err
	}
	if response.StatusCode != http.StatusCreated {
		return session{}, fmt.Errorf("%s: %s: %s", endpoint, response.Status, body)
	}
	s := session{answer: string(body)}
	if location := response.Header.Get("Location"); location != "" {
		base, err := url.Parse(endpoint)
		if err != nil {
			return s, err
		}
		absolute, err := base.Parse(location)
		if err != nil {
			return s, err
		}
		s.location = absolute.String()
	}
	err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: s.answer})
	if err == nil {
		go hasten(pc)
	}
	return s, err
}

// end deletes the session.
func (s session) end() error {
	if s.location == "" {
		return nil
	}
	request, err := http.NewRequest(http.MethodDelete, s.location, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("DELETE %s: %s", s.location, response.Status)
	}
	return nil
}

// hasten lets Pion nominate at once. Towards an ICE-lite server it would look at the answers to its
// checks only every 200 ms; browsers nominate with the first check then. A further candidate, where
// nobody listens, makes it look.
func hasten(pc *webrtc.PeerConnection) {
	for n := range 10 {
		time.Sleep(2 * time.Millisecond)
		if pc.ICEConnectionState() != webrtc.ICEConnectionStateChecking {
			continue
		}
		candidate := fmt.Sprintf("candidate:%d 1 udp 1 127.0.0.1 %d typ host", n+1, n+1)
		if err := pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: candidate}); err != nil {
			return
		}
	}
}

// waitConnected returns once DTLS has finished.
func waitConnected(pc *webrtc.PeerConnection) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		switch state := pc.ConnectionState(); state {
		case webrtc.PeerConnectionStateConnected:
			return nil
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			return fmt.Errorf("connection %s", state)
		}
	}
	return fmt.Errorf("not connected after %s", patience)
}
