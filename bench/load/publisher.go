package main

import (
	"context"
	"math/rand"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// starved is how late a frame may be before the client itself is to be distrusted.
const starved = 5 * time.Millisecond

// publisher sends video and audio; it answers PLI and FIR by a keyframe.
type publisher struct {
	pc           *webrtc.PeerConnection
	session      session
	video, audio *webrtc.TrackLocalStaticRTP
	keyframe     atomic.Bool
	asked        atomic.Uint64 // keyframes asked of it
	sent         atomic.Uint64 // packets
	late         atomic.Uint64 // frames
}

// publish connects a publisher, which is silent until run.
func publish(t *target) (*publisher, error) {
	pc, err := newPublisherConnection(t.network)
	if err != nil {
		return nil, err
	}
	p := &publisher{pc: pc}
	p.keyframe.Store(true)
	if p.video, err = p.track(webrtc.MimeTypeVP8, 90000, 0); err != nil {
		return nil, err
	}
	if p.audio, err = p.track(webrtc.MimeTypeOpus, 48000, 2); err != nil {
		return nil, err
	}
	if err := prepare(pc); err != nil {
		return nil, err
	}
	if p.session, err = ask(t.whip, pc); err != nil {
		return nil, err
	}
	return p, waitConnected(pc)
}

func (p *publisher) track(mime string, clock uint32, channels uint16) (*webrtc.TrackLocalStaticRTP, error) {
	codec := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: clock, Channels: channels}
	track, err := webrtc.NewTrackLocalStaticRTP(codec, mime[:5], "load")
	if err != nil {
		return nil, err
	}
	only := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	transceiver, err := p.pc.AddTransceiverFromTrack(track, only)
	if err != nil {
		return nil, err
	}
	go p.listen(transceiver.Sender())
	return track, nil
}

func (p *publisher) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.asked.Add(1)
				p.keyframe.Store(true)
			}
		}
	}
}

// run sends until the context ends.
func (p *publisher) run(ctx context.Context) {
	go every(ctx, opusEvery, p.audioSender())
	every(ctx, time.Second/frames, p.videoSender())
}

// every calls at a fixed rate, and catches up after a late wake-up.
func every(ctx context.Context, interval time.Duration, do func(late time.Duration)) {
	for next := time.Now(); ctx.Err() == nil; next = next.Add(interval) {
		time.Sleep(time.Until(next))
		do(time.Since(next))
	}
}

func (p *publisher) audioSender() func(time.Duration) {
	header := rtp.Header{Version: 2, PayloadType: typeOpus, SequenceNumber: uint16(rand.Int()), Timestamp: rand.Uint32()}
	return func(time.Duration) {
		p.write(p.audio, header, opusPayload())
		header.SequenceNumber++
		header.Timestamp += uint32(48000 * opusEvery / time.Second)
	}
}

func (p *publisher) videoSender() func(time.Duration) {
	header := rtp.Header{Version: 2, PayloadType: typeVP8, SequenceNumber: uint16(rand.Int()), Timestamp: rand.Uint32()}
	picture := uint16(0)
	return func(late time.Duration) {
		if late > starved {
			p.late.Add(1)
		}
		key := p.keyframe.Swap(false)
		for packet := range perFrame {
			header.Marker = packet == perFrame-1
			p.write(p.video, header, vp8Payload(picture, packet, key))
			header.SequenceNumber++
		}
		header.Timestamp += 90000 / frames
		picture = (picture + 1) & 0x7fff
	}
}

func (p *publisher) write(track *webrtc.TrackLocalStaticRTP, header rtp.Header, payload []byte) {
	if track.WriteRTP(&rtp.Packet{Header: header, Payload: payload}) == nil {
		p.sent.Add(1)
	}
}

func (p *publisher) close() {
	_ = p.session.end()
	_ = p.pc.Close()
}
