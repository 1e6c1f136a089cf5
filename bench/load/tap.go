package main

// The tap stands behind a subscriber's socket: it counts each packet by its RTP header, which is in
// the clear, and lets only a sample through to be decrypted. A received packet then costs the client
// little more than the system call, and a core of it can listen to a server on another.

import (
	"encoding/binary"
	"sync"
)

const (
	sampleEvery = 16
	history     = 512 // arrival times kept, a power of two
	mostMissing = 256
)

type arrival struct {
	sequence uint16
	at       int64
}

// stream is one received source.
type stream struct {
	ssrc           uint32
	payloadType    uint8
	packets, bytes uint64
	first, highest uint64 // sequence numbers, extended
	firstAt        int64  // ns since the Unix epoch, by the kernel
	arrivals       [history]arrival
	missing        map[uint16]int // sequence number → times asked for
}

// expected is how many packets were sent as far as the numbers tell.
func (s *stream) expected() uint64 { return s.highest - s.first + 1 }

// tap is what one subscriber has received.
type tap struct {
	mutex      sync.Mutex
	streams    []*stream
	congestion congestion
	all        bool // decrypt everything, not a sample
	answers    answers
	repaired   uint64
}

func newTap(how answers) *tap { return &tap{all: true, answers: how, congestion: newCongestion()} }

// take counts one packet and says whether it shall be decrypted.
func (t *tap) take(packet []byte, at int64) bool {
	payloadType, sequence := packet[1]&0x7f, binary.BigEndian.Uint16(packet[2:])
	ssrc := binary.BigEndian.Uint32(packet[8:])
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.answers == everything {
		t.congestion.take(packet, ssrc, at)
	}
	s := t.find(ssrc)
	if s == nil {
		number := 1<<32 + uint64(sequence)
		s = &stream{ssrc: ssrc, payloadType: payloadType, first: number, highest: number - 1, firstAt: at}
		s.missing = map[uint16]int{}
		t.streams = append(t.streams, s)
	}
	s.packets++
	s.bytes += uint64(len(packet))
	t.number(s, sequence)
	s.arrivals[sequence%history] = arrival{sequence, at}
	return t.all || sequence%sampleEvery == 0 || !isMedia(payloadType)
}

// number notes gaps.
func (t *tap) number(s *stream, sequence uint16) {
	ahead := int16(sequence - uint16(s.highest))
	if ahead <= 0 {
		delete(s.missing, sequence)
		return
	}
	for lost := uint16(s.highest) + 1; lost != sequence && len(s.missing) < mostMissing; lost++ {
		s.missing[lost] = 0
	}
	s.highest += uint64(ahead)
}

func (t *tap) find(ssrc uint32) *stream {
	for _, s := range t.streams {
		if s.ssrc == ssrc {
			return s
		}
	}
	return nil
}

// decrypted tells that a packet came out of SRTP; it returns when it came in, 0 if that is unknown.
func (t *tap) decrypted(ssrc uint32, sequence uint16) int64 {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	s := t.find(ssrc)
	if s == nil {
		return 0
	}
	if _, lost := s.missing[sequence]; lost { // came by RTX
		delete(s.missing, sequence)
		t.repaired++
		return 0
	}
	if a := s.arrivals[sequence%history]; a.sequence == sequence {
		return a.at
	}
	return 0
}

// sample lets only one of sampleEvery packets through from now on.
func (t *tap) sample() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.all = false
}

// totals are sums over a subscriber's streams.
type totals struct{ media, expected, bytes, other, repaired uint64 }

func (t *tap) totals() (sum totals) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	sum.repaired = t.repaired
	for _, s := range t.streams {
		if isMedia(s.payloadType) {
			sum.media += s.packets
			sum.expected += s.expected()
			sum.bytes += s.bytes
		} else {
			sum.other += s.packets // retransmissions, and padding of probes
		}
	}
	return sum
}

// firstMedia is when the first media packet came, 0 if none has.
func (t *tap) firstMedia() (first int64) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.streams {
		if isMedia(s.payloadType) && (first == 0 || s.firstAt < first) {
			first = s.firstAt
		}
	}
	return first
}
