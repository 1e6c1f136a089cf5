package main

// The shape of the media: VP8 at 1.5 Mbit/s in 30 frames of 6 packets a second, and 50 packets of
// Opus: 230 packets a second. Payload descriptors and frame headers are valid (RFC 7741 §4.2,
// RFC 6386 §9.1), the picture behind them is filler, which no forwarder decodes. The last 8 bytes
// of each payload tell when it was sent.

import (
	"encoding/binary"
	"math/rand"
	"time"
)

const (
	typeVP8    = 96
	typeRTX    = 97
	typeOpus   = 111
	frames     = 30 // a second
	perFrame   = 6  // packets
	videoBytes = 1_500_000 / 8 / frames / perFrame
	opusBytes  = 80
	opusEvery  = 20 * time.Millisecond
	stampBytes = 8
)

func isMedia(payloadType uint8) bool { return payloadType == typeVP8 || payloadType == typeOpus }

var filler = func() []byte {
	bytes := make([]byte, videoBytes)
	rand.New(rand.NewSource(1)).Read(bytes)
	return bytes
}()

// opusPayload is a CELT frame of 20 ms by its first byte (RFC 6716 §3.1).
func opusPayload() []byte {
	return stamp(append([]byte{0x78}, filler[:opusBytes-1]...))
}

// vp8Payload is one packet of a frame.
func vp8Payload(picture uint16, packet int, key bool) []byte {
	start := byte(0)
	if packet == 0 {
		start = 0x10 // S: start of partition 0
	}
	// X; I; a picture id of 15 bits.
	payload := []byte{0x80 | start, 0x80, 0x80 | byte(picture>>8)&0x7f, byte(picture)}
	if packet == 0 {
		first := uint32(videoBytes*perFrame/2)<<5 | 1<<4 // size of the first partition, show_frame
		if !key {
			first |= 1
		}
		payload = append(payload, byte(first), byte(first>>8), byte(first>>16))
		if key {
			payload = append(payload, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02) // 1280 × 720
		}
	}
	return stamp(append(payload, filler[:videoBytes-len(payload)]...))
}

// startsKeyframe tells whether a VP8 payload begins a frame that can be decoded by itself.
func startsKeyframe(payload []byte) bool {
	if len(payload) < 2 || payload[0]&0x1f != 0x10 { // S set, partition 0
		return false
	}
	at := 1
	if payload[0]&0x80 != 0 {
		extension := payload[1]
		at = 2
		if extension&0x80 != 0 && len(payload) > at {
			at += 1 + int(payload[at]>>7)
		}
		if extension&0x40 != 0 {
			at++
		}
		if extension&0x30 != 0 {
			at++
		}
	}
	return len(payload) > at && payload[at]&1 == 0
}

func stamp(payload []byte) []byte {
	binary.BigEndian.PutUint64(payload[len(payload)-stampBytes:], uint64(time.Now().UnixNano()))
	return payload
}

// stamped is when a payload was sent, in ns since the Unix epoch.
func stamped(payload []byte) int64 {
	return int64(binary.BigEndian.Uint64(payload[len(payload)-stampBytes:]))
}
