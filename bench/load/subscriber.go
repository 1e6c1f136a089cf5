package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

var errNoPicture = errors.New("no keyframe")

// subscriber plays from the server. Nothing counts as received for it that could not be decrypted.
type subscriber struct {
	pc       *webrtc.PeerConnection
	tap      *tap
	session  session
	delays   *delays
	asked    time.Time // when it posted its offer
	answered time.Time
	media    chan struct{} // closed at the first packet that was decrypted
	picture  chan int64    // when the first whole keyframe was there, ns since the Unix epoch
	once     sync.Once
	cancel   context.CancelFunc
}

// newSubscriber makes one that has not asked the server for anything.
func newSubscriber(t *target, delays *delays) (*subscriber, error) {
	s := &subscriber{tap: newTap(t.answers), delays: delays, media: make(chan struct{}), picture: make(chan int64, 1)}
	var err error
	if s.pc, err = newSubscriberConnection(t.network, t.answers, s.tap); err != nil {
		return nil, err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		only := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := s.pc.AddTransceiverFromKind(kind, only); err != nil {
			return nil, err
		}
	}
	s.pc.OnTrack(s.receive)
	return s, prepare(s.pc)
}

// join asks the server; media may come from then on.
func (s *subscriber) join(t *target) (err error) {
	s.asked = time.Now()
	if s.session, err = ask(t.whep, s.pc); err != nil {
		return err
	}
	s.answered = time.Now()
	if t.answers == everything {
		id := negotiated(s.session.answer)
		if id == 0 {
			return errors.New("the server does not know transport-wide feedback")
		}
		s.tap.mutex.Lock()
		s.tap.congestion.extension = id
		s.tap.mutex.Unlock()
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go s.tap.answer(ctx, s.pc)
	return nil
}

// waitMedia returns once something has been decrypted.
func (s *subscriber) waitMedia() error {
	select {
	case <-s.media:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("no media in %s, connection %s", patience, s.pc.ConnectionState())
	}
}

func (s *subscriber) close() error {
	if s.cancel != nil {
		s.cancel()
	}
	return errors.Join(s.session.end(), s.pc.Close())
}

func (s *subscriber) receive(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	buffer := make([]byte, 1600)
	var packet rtp.Packet
	var assembler assembler
	video := track.Kind() == webrtc.RTPCodecTypeVideo
	for first := true; ; first = false {
		n, _, err := track.Read(buffer)
		if err != nil {
			return
		}
		if err := packet.Unmarshal(buffer[:n]); err != nil || len(packet.Payload) < 2*stampBytes {
			continue
		}
		s.once.Do(func() { close(s.media) })
		at := s.tap.decrypted(packet.SSRC, packet.SequenceNumber)
		if delay := at - stamped(packet.Payload); at > 0 && delay > 0 && delay < int64(time.Minute) {
			s.delays.add(delay)
		}
		if !video || assembler.done {
			continue
		}
		if first && !startsKeyframe(packet.Payload) {
			// What a decoder would do that cannot begin here.
			_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: packet.SSRC}})
		}
		if assembler.take(&packet) {
			s.picture <- at
			s.tap.sample()
		}
	}
}

// assembler waits for a whole keyframe.
type assembler struct {
	inside, done bool
	next         uint16
}

// take tells whether this packet completes it.
func (a *assembler) take(packet *rtp.Packet) bool {
	switch {
	case startsKeyframe(packet.Payload):
		a.inside = true
	case packet.SequenceNumber != a.next:
		a.inside = false
	}
	a.next = packet.SequenceNumber + 1
	a.done = a.inside && packet.Marker
	if packet.Marker {
		a.inside = false
	}
	return a.done
}
