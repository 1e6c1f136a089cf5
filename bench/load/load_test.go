package main

import (
	"testing"

	"github.com/pion/rtp"
)

func TestKeyframesAreTold(t *testing.T) {
	for _, key := range []bool{true, false} {
		for packet := range perFrame {
			payload := vp8Payload(0x1234, packet, key)
			if len(payload) != videoBytes {
				t.Errorf("packet %d has %d bytes", packet, len(payload))
			}
			if got := startsKeyframe(payload); got != (key && packet == 0) {
				t.Errorf("key %v, packet %d: %v", key, packet, got)
			}
		}
	}
}

func TestAKeyframeIsWholeOnlyWithoutGaps(t *testing.T) {
	frame := func(first uint16, key bool) (packets []*rtp.Packet) {
		for packet := range perFrame {
			header := rtp.Header{SequenceNumber: first + uint16(packet), Marker: packet == perFrame-1}
			packets = append(packets, &rtp.Packet{Header: header, Payload: vp8Payload(1, packet, key)})
		}
		return packets
	}
	take := func(packets []*rtp.Packet) bool {
		var a assembler
		whole := false
		for _, packet := range packets {
			whole = a.take(packet) || whole
		}
		return whole
	}
	key := frame(65533, true)
	if !take(key) {
		t.Error("a whole keyframe is not seen")
	}
	if take(frame(7, false)) {
		t.Error("a frame is taken for a keyframe")
	}
	if take(append(key[:2:2], key[3:]...)) {
		t.Error("a gap is not seen")
	}
	if take(append(key[:5:5], frame(3, false)...)) {
		t.Error("the end of another frame completes a keyframe")
	}
}

func packet(t *testing.T, sequence, wide uint16) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: typeVP8, SequenceNumber: sequence, SSRC: 7}, Payload: opusPayload()}
	if err := p.SetExtension(1, []byte("0")); err != nil {
		t.Fatal(err)
	}
	if err := p.SetExtension(3, []byte{byte(wide >> 8), byte(wide)}); err != nil {
		t.Fatal(err)
	}
	bytes, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestExtensionsAreFound(t *testing.T) {
	bytes := packet(t, 1, 0xabcd)
	if got, found := extension(bytes, 3); !found || got != 0xabcd {
		t.Errorf("%x %v", got, found)
	}
	if _, found := extension(bytes, 4); found {
		t.Error("found what is not there")
	}
	for end := range bytes[:28] { // cut off anywhere it must not panic
		if end >= 12 {
			extension(bytes[:end], 3)
		}
	}
	if id := negotiated("v=0\r\na=extmap:3/sendrecv " + extensionTransport + "\r\n"); id != 3 {
		t.Error(id)
	}
}

func TestTheTapCountsLossAndSamples(t *testing.T) {
	tap := newTap(onlyReports)
	first := uint16(65500)
	passed := 0
	for n := range 160 {
		if n == 10 && !tap.take(packet(t, first, 0), 1) {
			t.Error("before the first picture everything passes")
		}
		if n == 11 {
			tap.sample()
		}
		if n%16 == 5 { // lost
			continue
		}
		if tap.take(packet(t, first+uint16(n), 0), int64(n)+1) && n > 11 {
			passed++
		}
	}
	sum := tap.totals()
	if sum.expected != 160 || sum.media != 151 { // one came twice
		t.Errorf("%+v", sum)
	}
	if passed < 8 || passed > 10 {
		t.Errorf("%d passed", passed)
	}
	tap.answers = everything
	if packets := tap.nacks(); len(packets) != 1 {
		t.Errorf("%v", packets)
	}
	lost := first + 5
	if at := tap.decrypted(7, lost); at != 0 || tap.totals().repaired != 1 {
		t.Error("a retransmission is not seen")
	}
}
