package main

// What a subscriber answers: receiver reports (RFC 3550 §6.4.2) and, if it answers everything,
// transport-wide feedback and NACK (RFC 4585 §6.2.1), all from what the tap has seen.

import (
	"context"
	"encoding/binary"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	feedbackEvery = 100 * time.Millisecond
	reportEvery   = time.Second
	mostAsked     = 5 // times, for one packet
)

// congestion records the transport-wide numbers of one connection.
type congestion struct {
	extension uint8 // its id in header extensions; 0 if not negotiated
	recorder  *twcc.Recorder
	ssrc      uint32 // of the answers
}

func newCongestion() congestion {
	ssrc := rand.Uint32()
	return congestion{recorder: twcc.NewRecorder(ssrc), ssrc: ssrc}
}

// negotiated reads the extension's id from the answer; 0 if it is not there.
func negotiated(answer string) uint8 {
	for _, line := range strings.Split(answer, "\n") {
		value, found := strings.CutPrefix(strings.TrimSpace(line), "a=extmap:")
		if id, uri, _ := strings.Cut(value, " "); found && uri == extensionTransport {
			id, _, _ = strings.Cut(id, "/")
			if n, err := strconv.ParseUint(id, 10, 4); err == nil {
				return uint8(n)
			}
		}
	}
	return 0
}

func (t *congestion) take(packet []byte, ssrc uint32, at int64) {
	if t.extension == 0 {
		return
	}
	if number, found := extension(packet, t.extension); found {
		t.recorder.Record(ssrc, number, at/1000)
	}
}

// extension finds a 16-bit value among one-byte header extensions (RFC 8285 §4.2).
func extension(packet []byte, id uint8) (uint16, bool) {
	at := 12 + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 == 0 || len(packet) < at+4 || binary.BigEndian.Uint16(packet[at:]) != 0xbede {
		return 0, false
	}
	end := at + 4 + 4*int(binary.BigEndian.Uint16(packet[at+2:]))
	for at += 4; at < end && end <= len(packet); {
		if packet[at] == 0 { // padding
			at++
			continue
		}
		length := int(packet[at]&0x0f) + 1
		if packet[at]>>4 == id && length == 2 && at+2 < end {
			return binary.BigEndian.Uint16(packet[at+1:]), true
		}
		at += 1 + length
	}
	return 0, false
}

// answer sends what is due until the context ends.
func (t *tap) answer(ctx context.Context, pc *webrtc.PeerConnection) {
	interval := reportEvery
	if t.answers == everything {
		interval = feedbackEvery
	}
	// Not all subscribers in step.
	time.Sleep(time.Duration(rand.Int63n(int64(interval))))
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	previous := map[uint32][2]uint64{}
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
			continue
		}
		if turn%int(reportEvery/interval) == 0 {
			send(pc, t.report(previous))
		}
		if t.answers == everything {
			send(pc, t.nacks())
			send(pc, t.feedback())
		}
	}
}

func send(pc *webrtc.PeerConnection, packets []rtcp.Packet) {
	if len(packets) > 0 {
		_ = pc.WriteRTCP(packets) // a closed connection ends the caller by its context
	}
}

func (t *tap) feedback() []rtcp.Packet {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.congestion.extension == 0 {
		return nil
	}
	return t.congestion.recorder.BuildFeedbackPacket()
}

func (t *tap) nacks() (packets []rtcp.Packet) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.streams {
		var numbers []uint16
		for number, asked := range s.missing {
			if asked >= mostAsked || s.payloadType != typeVP8 {
				delete(s.missing, number)
				continue
			}
			s.missing[number]++
			numbers = append(numbers, number)
		}
		if len(numbers) > 0 {
			slices.Sort(numbers)
			pairs := rtcp.NackPairsFromSequenceNumbers(numbers)
			packets = append(packets, &rtcp.TransportLayerNack{
				SenderSSRC: t.congestion.ssrc, MediaSSRC: s.ssrc, Nacks: pairs,
			})
		}
	}
	return packets
}

func (t *tap) report(previous map[uint32][2]uint64) []rtcp.Packet {
	report := &rtcp.ReceiverReport{SSRC: t.congestion.ssrc}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.streams {
		if !isMedia(s.payloadType) {
			continue
		}
		before := previous[s.ssrc]
		previous[s.ssrc] = [2]uint64{s.expected(), s.packets}
		block := rtcp.ReceptionReport{SSRC: s.ssrc, LastSequenceNumber: uint32(s.highest - 1<<32)}
		expected, got := s.expected()-before[0], s.packets-before[1]
		if expected > got {
			block.FractionLost = uint8((expected - got) * 255 / expected)
		}
		if s.expected() > s.packets {
			block.TotalLost = uint32(s.expected()-s.packets) & 0x7fffff
		}
		report.Reports = append(report.Reports, block)
	}
	if len(report.Reports) == 0 {
		return nil
	}
	return []rtcp.Packet{report}
}
