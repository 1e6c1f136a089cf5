package main

// Negotiation of a client's stream: TLS, SASL (RFC 4616, RFC 5802), a resource, what is switched on.

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
)

const nsSASL = "urn:ietf:params:xml:ns:xmpp-sasl"

func (s *xmppStream) login(user string) error {
	s.user = user
	features, err := s.open()
	if err != nil {
		return err
	}
	if s.server.tls == "starttls" {
		if err := s.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"); err != nil {
			return err
		}
		if answer, err := s.next(); err != nil || !bytes.Contains(answer, []byte("proceed")) {
			return fmt.Errorf("STARTTLS: %s %w", answer, err)
		}
		if err := s.secure(); err != nil {
			return err
		}
		if features, err = s.open(); err != nil {
			return err
		}
	}
	if !strings.Contains(features, ">"+s.server.mechanism+"<") {
		return fmt.Errorf("%s is not offered: %s", s.server.mechanism, features)
	}
	if s.server.mechanism == "PLAIN" {
		err = s.plain()
	} else {
		err = s.scram()
	}
	if err != nil {
		return err
	}
	if features, err = s.open(); err != nil {
		return err
	}
	return s.bind(features)
}

// open begins a stream, or begins it anew, and gives its features.
func (s *xmppStream) open() (string, error) {
	header := "<?xml version='1.0'?><stream:stream to='" + s.server.domain +
		"' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
	if s.server.path != "" {
		header = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='" + s.server.domain + "' version='1.0'/>"
	}
	s.rest = nil
	if err := s.send(header); err != nil {
		return "", err
	}
	if _, err := s.next(); err != nil {
		return "", err
	}
	features, err := s.next()
	if err == nil && !bytes.Contains(features, []byte("features")) {
		err = fmt.Errorf("no features: %s", features)
	}
	return string(features), err
}

func (s *xmppStream) bind(features string) error {
	bound, err := s.ask("set", "bind", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>load</resource></bind>")
	if err != nil {
		return err
	}
	if s.jid = between(bound, "<jid>", "</jid>"); s.jid == "" {
		return fmt.Errorf("no resource: %s", bound)
	}
	if strings.Contains(features, "xmpp-session") && !strings.Contains(features, "<optional/>") {
		if _, err := s.ask("set", "session", "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"); err != nil {
			return err
		}
	}
	if !s.server.managed {
		return nil
	}
	if _, err := s.ask("set", "carbons", "<enable xmlns='urn:xmpp:carbons:2'/>"); err != nil {
		return err
	}
	if err := s.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"); err != nil {
		return err
	}
	for {
		element, err := s.next()
		if err != nil || bytes.HasPrefix(element, []byte("<failed")) {
			return fmt.Errorf("no stream management: %s %w", element, err)
		}
		if bytes.HasPrefix(element, []byte("<enabled")) {
			s.received = 0
			return nil
		}
	}
}

// ask sends a request (get or set) and waits for its answer; other stanzas are passed over.
func (s *xmppStream) ask(kind, id, payload string) (string, error) {
	if err := s.send("<iq xmlns='jabber:client' type='" + kind + "' id='" + id + "'>" + payload + "</iq>"); err != nil {
		return "", err
	}
	for {
		element, err := s.next()
		if err != nil {
			return "", err
		}
		head := strings.ReplaceAll(string(element[:max(bytes.IndexByte(element, '>'), 0)]), `"`, "'")
		if !strings.HasPrefix(head, "<iq") || !strings.Contains(head, "id='"+id+"'") {
			continue
		}
		if strings.Contains(head, "type='error'") {
			return "", fmt.Errorf("refused: %s", element)
		}
		return string(element), nil
	}
}

func (s *xmppStream) plain() error {
	proof := base64.StdEncoding.EncodeToString([]byte("\x00" + s.user + "\x00" + s.server.password))
	if err := s.send("<auth xmlns='" + nsSASL + "' mechanism='PLAIN'>" + proof + "</auth>"); err != nil {
		return err
	}
	answer, err := s.next()
	if err == nil && !bytes.HasPrefix(answer, []byte("<success")) {
		err = fmt.Errorf("not let in: %s", answer)
	}
	return err
}

// What a client derives from a password once (RFC 5802 §5.1 allows it to keep that).
var salted sync.Map

func (s *xmppStream) scram() error {
	newHash := sha1.New
	if s.server.mechanism == "SCRAM-SHA-256" {
		newHash = sha256.New
	}
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	nonce := hex.EncodeToString(random[:])
	first := "n=" + s.user + ",r=" + nonce
	code := base64.StdEncoding
	auth := "<auth xmlns='" + nsSASL + "' mechanism='" + s.server.mechanism + "'>"
	if err := s.send(auth + code.EncodeToString([]byte("n,,"+first)) + "</auth>"); err != nil {
		return err
	}
	answer, err := s.next()
	if err != nil {
		return err
	}
	decoded, err := code.DecodeString(between(string(answer), ">", "<"))
	if err != nil {
		return fmt.Errorf("not a challenge: %s", answer)
	}
	challenge := string(decoded)
	password, err := s.saltedPassword(challenge, nonce, newHash)
	if err != nil {
		return err
	}
	key := mac(newHash, password, "Client Key")
	stored := newHash()
	stored.Write(key)
	last := "c=biws,r=" + attribute(challenge, "r")
	message := first + "," + challenge + "," + last
	for at, b := range mac(newHash, stored.Sum(nil), message) {
		key[at] ^= b
	}
	response := code.EncodeToString([]byte(last + ",p=" + code.EncodeToString(key)))
	if err := s.send("<response xmlns='" + nsSASL + "'>" + response + "</response>"); err != nil {
		return err
	}
	if answer, err = s.next(); err != nil {
		return err
	}
	if !bytes.HasPrefix(answer, []byte("<success")) {
		return fmt.Errorf("not let in: %s", answer)
	}
	signature, err := code.DecodeString(between(string(answer), ">", "<"))
	if err != nil {
		return err
	}
	expected := mac(newHash, mac(newHash, password, "Server Key"), message)
	if string(signature) != "v="+code.EncodeToString(expected) {
		return errors.New("the server does not know the password")
	}
	return nil
}

func (s *xmppStream) saltedPassword(challenge, nonce string, newHash func() hash.Hash) ([]byte, error) {
	salt, err := base64.StdEncoding.DecodeString(attribute(challenge, "s"))
	iterations, _ := strconv.Atoi(attribute(challenge, "i"))
	if err != nil || iterations == 0 || !strings.HasPrefix(attribute(challenge, "r"), nonce) {
		return nil, fmt.Errorf("not a challenge: %s", challenge)
	}
	key := fmt.Sprint(s.server.mechanism, string(salt), iterations)
	if known, ok := salted.Load(key); ok {
		return known.([]byte), nil
	}
	made, err := pbkdf2.Key(newHash, s.server.password, salt, iterations, newHash().Size())
	salted.Store(key, made)
	return made, err
}

// attribute of a SCRAM message.
func attribute(message, name string) string {
	for part := range strings.SplitSeq(message, ",") {
		if value, ok := strings.CutPrefix(part, name+"="); ok {
			return value
		}
	}
	return ""
}

func mac(newHash func() hash.Hash, key []byte, message string) []byte {
	made := hmac.New(newHash, key)
	made.Write([]byte(message))
	return made.Sum(nil)
}

func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, found := strings.Cut(text, after)
	if !found {
		return ""
	}
	return text
}
