package main

// One XMPP client stream (RFC 6120, RFC 7395), as cheap as a load generator needs it: elements are
// cut from the stream but never parsed.

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// xmppServer says where sessions go and how they log in.
type xmppServer struct {
	address, path, domain, password, mechanism, tls string
	managed                                         bool // carbons and stream management are switched on
}

// xmppStream is a logged-in session. One goroutine reads, any may write.
type xmppStream struct {
	server   *xmppServer
	conn     net.Conn
	reader   *bufio.Reader
	rest     []byte // read, but not yet cut
	writing  sync.Mutex
	frame    []byte // kept between writes
	user     string
	jid      string
	received uint32 // stanzas since stream management was enabled
}

var errEnded = errors.New("the stream ended")

// dialXMPP logs in and binds a resource.
func dialXMPP(server *xmppServer, user string) (*xmppStream, error) {
	s, err := connectXMPP(server)
	if err != nil {
		return nil, err
	}
	if err := s.login(user); err != nil {
		_ = s.conn.Close()
		return nil, fmt.Errorf("%s: %w", user, err)
	}
	return s, s.conn.SetDeadline(time.Time{})
}

// connectXMPP is a connection with nothing sent on it but what its transport asks for.
func connectXMPP(server *xmppServer) (*xmppStream, error) {
	conn, err := net.DialTimeout("tcp", server.address, patience)
	if err != nil {
		return nil, err
	}
	s := &xmppStream{server: server, conn: conn, reader: bufio.NewReaderSize(conn, 2048)}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if server.tls == "direct" {
		if err := s.secure(); err != nil {
			return nil, err
		}
	}
	if server.path != "" {
		return s, s.upgrade()
	}
	return s, nil
}

func (s *xmppStream) secure() error {
	// Servers under test have certificates of their own making.
	client := tls.Client(s.conn, &tls.Config{InsecureSkipVerify: true, ServerName: s.server.domain})
	if err := client.Handshake(); err != nil {
		return err
	}
	s.conn, s.reader = client, bufio.NewReaderSize(client, 2048)
	return nil
}

func (s *xmppStream) upgrade() error {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	request := "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Version: 13\r\n\r\n"
	_, err := fmt.Fprintf(s.conn, request, s.server.path, s.server.address, base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		return err
	}
	first := ""
	for line := " "; line != "\r\n"; {
		if line, err = s.reader.ReadString('\n'); err != nil {
			return err
		}
		if first == "" {
			first = line
		}
	}
	if !strings.Contains(first, " 101 ") {
		return fmt.Errorf("no WebSocket: %s", first)
	}
	return nil
}

// send writes one element.
func (s *xmppStream) send(element string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.server.path != "" {
		return s.writeFrame(1, []byte(element))
	}
	_, err := io.WriteString(s.conn, element)
	return err
}

// RFC 6455 §5.2, with a mask that hides nothing.
func (s *xmppStream) writeFrame(opcode byte, payload []byte) error {
	frame := append(s.frame[:0], 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	frame = append(frame, mask[:]...)
	for at, b := range payload {
		frame = append(frame, b^mask[at&3])
	}
	s.frame = frame
	_, err := s.conn.Write(frame)
	return err
}

// next is the next element, valid until the next call. Requests for acknowledgement are answered
// on the way (XEP-0198).
func (s *xmppStream) next() ([]byte, error) {
	for {
		element, err := s.cut()
		if err != nil {
			return nil, err
		}
		switch {
		case bytes.HasPrefix(element, []byte("<message")),
			bytes.HasPrefix(element, []byte("<presence")),
			bytes.HasPrefix(element, []byte("<iq")):
			s.received++
		case bytes.HasPrefix(element, []byte("<r ")), bytes.HasPrefix(element, []byte("<r/")):
			if err := s.send(fmt.Sprintf("<a xmlns='urn:xmpp:sm:3' h='%d'/>", s.received)); err != nil {
				return nil, err
			}
			continue
		case bytes.HasPrefix(element, []byte("<a ")):
			continue
		}
		return element, nil
	}
}

func (s *xmppStream) cut() ([]byte, error) {
	if s.server.path != "" {
		return s.readFrame()
	}
	for {
		n, ended := elementLength(s.rest)
		if ended {
			return nil, errEnded
		}
		if n > 0 {
			element := bytes.TrimLeft(s.rest[:n], " \r\n\t")
			s.rest = s.rest[n:]
			return element, nil
		}
		if len(s.rest) == 0 {
			s.rest = nil
		}
		if _, err := s.reader.Peek(1); err != nil {
			return nil, err
		}
		ready, err := s.reader.Peek(s.reader.Buffered())
		if err != nil {
			return nil, err
		}
		s.rest = append(s.rest, ready...)
		if _, err := s.reader.Discard(len(ready)); err != nil {
			return nil, err
		}
	}
}

func (s *xmppStream) readFrame() ([]byte, error) {
	s.rest = s.rest[:0]
	for {
		var head [8]byte
		if _, err := io.ReadFull(s.reader, head[:2]); err != nil {
			return nil, err
		}
		final, opcode, n := head[0]&0x80 != 0, head[0]&15, uint64(head[1]&127)
		if n >= 126 {
			wide := head[:2+6*(n-126)]
			if _, err := io.ReadFull(s.reader, wide); err != nil {
				return nil, err
			}
			if n == 126 {
				n = uint64(binary.BigEndian.Uint16(wide))
			} else {
				n = binary.BigEndian.Uint64(wide)
			}
		}
		at := len(s.rest)
		s.rest = append(s.rest, make([]byte, n)...)
		if _, err := io.ReadFull(s.reader, s.rest[at:]); err != nil {
			return nil, err
		}
		switch {
		case opcode == 8:
			return nil, errEnded
		case opcode == 9:
			s.writing.Lock()
			err := s.writeFrame(10, s.rest[at:])
			s.writing.Unlock()
			if err != nil {
				return nil, err
			}
			s.rest = s.rest[:at]
		case opcode == 10:
			s.rest = s.rest[:at]
		case final:
			return s.rest, nil
		}
	}
}

// elementLength is the length of the first whole element at the top of the stream, whose header
// counts as one; 0 when there is none yet; and whether the stream ended.
func elementLength(text []byte) (length int, ended bool) {
	depth, at := 0, 0
	for {
		start := bytes.IndexByte(text[at:], '<')
		if start < 0 {
			return 0, false
		}
		start += at
		end := tagEnd(text, start)
		if end < 0 {
			return 0, false
		}
		switch {
		case text[start+1] == '?':
		case text[start+1] == '/':
			depth--
			if depth < 0 {
				return 0, true
			}
		case text[end-1] == '/':
			if depth == 0 {
				return end + 1, false
			}
		case bytes.HasPrefix(text[start:], []byte("<stream:stream")):
			return end + 1, false
		default:
			depth++
		}
		if depth == 0 && text[start+1] == '/' {
			return end + 1, false
		}
		at = end + 1
	}
}

// tagEnd is where the tag that begins at start ends, which may hold > in quotes; -1: not yet.
func tagEnd(text []byte, start int) int {
	quote := byte(0)
	for at := start + 1; at < len(text); at++ {
		switch b := text[at]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '>':
			return at
		}
	}
	return -1
}

// close ends the stream in good order.
func (s *xmppStream) close() error {
	end := "</stream:stream>"
	if s.server.path != "" {
		end = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"
	}
	_ = s.send(end)
	return s.conn.Close()
}
