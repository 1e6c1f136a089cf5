package main

// Messages to rooms and presence of many contacts: one stanza sent, many delivered.

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// flow holds a sender back until all who hear have heard enough of what it sent.
type flow struct {
	free    chan struct{}
	hearers int64
	count   atomic.Int64
}

func newFlow(window, hearers int) *flow {
	f := &flow{free: make(chan struct{}, window), hearers: int64(hearers)}
	for range window {
		f.free <- struct{}{}
	}
	return f
}

// heard: one of those who hear got one stanza.
func (f *flow) heard() {
	if f.count.Add(1)%f.hearers == 0 {
		f.free <- struct{}{}
	}
}

// next waits until one more may be sent; it says no when all is over.
func (f *flow) next(stop <-chan struct{}) bool {
	select {
	case <-f.free:
		return true
	case <-stop:
		return false
	}
}

// room: one occupant speaks, all hear. An operation is one stanza delivered to one occupant.
func (w *xmppWork) room() (any, error) {
	streams, err := w.sessions(w.users)
	if err != nil {
		return nil, err
	}
	room := fmt.Sprintf("bench%d@%s", time.Now().UnixNano()%1e9, w.rooms)
	// The first one opens the room, which may have to be unlocked (XEP-0045 §10.1.2).
	for number, stream := range streams {
		nick := fmt.Sprintf("%s/n%05d", room, number)
		join := "<presence xmlns='jabber:client' to='%s'><x xmlns='http://jabber.org/protocol/muc'>" +
			"<history maxstanzas='0'/></x></presence>"
		if err := stream.send(fmt.Sprintf(join, nick)); err != nil {
			return nil, err
		}
		if err := stream.until("code=", "110"); err != nil {
			return nil, err
		}
		if number == 0 {
			form := "<iq xmlns='jabber:client' type='set' id='unlock' to='%s'><query xmlns='http://jabber.org/protocol/muc#owner'>" +
				"<x xmlns='jabber:x:data' type='submit'/></query></iq>"
			if err := stream.send(fmt.Sprintf(form, room)); err != nil {
				return nil, err
			}
			if err := stream.until("unlock", ""); err != nil {
				return nil, err
			}
		}
	}
	var count, failed atomic.Int64
	var delayed delays
	run := fmt.Appendf(nil, "<body>%d ", time.Now().UnixNano())
	flow := newFlow(w.window, len(streams))
	sent := make(chan time.Time, 2*w.window)
	stop := make(chan struct{})
	for number, stream := range streams {
		go func() {
			for {
				element, err := stream.next()
				if err != nil {
					select {
					case <-stop:
					default:
						failed.Add(1)
					}
					return
				}
				// What waited for an account since an earlier run is not counted.
				if !bytes.HasPrefix(element, []byte("<message")) || !bytes.Contains(element, run) {
					continue
				}
				count.Add(1)
				// The last one to come in hears it last, more or less.
				if number == len(streams)-1 {
					delayed.add(int64(time.Since(<-sent)))
				}
				flow.heard()
			}
		}()
	}
	go func() {
		pace := w.pacer(stop)
		text := string(run) + strings.Repeat("x", max(w.size-len(run)+len("<body>"), 0))
		for number := 0; ; number++ {
			if !flow.next(stop) || !pace() {
				return
			}
			sent <- time.Now()
			message := "<message xmlns='jabber:client' type='groupchat' id='g%d' to='%s'>%s</body></message>"
			if streams[0].send(fmt.Sprintf(message, number, room, text)) != nil {
				failed.Add(1)
				return
			}
		}
	}()
	result := w.cost(&count, &delayed)
	close(stop)
	result.Failed = failed.Load()
	return result, nil
}

// presence: users whose contacts are all there say again and again that they are. An operation is
// one presence delivered to one contact.
func (w *xmppWork) presence() (any, error) {
	hubs, err := w.sessions(w.users)
	if err != nil {
		return nil, err
	}
	w.first += w.users
	contacts, err := w.sessions(w.contacts)
	w.first -= w.users
	if err != nil {
		return nil, err
	}
	for _, hub := range hubs {
		for _, contact := range contacts {
			if err := befriend(hub, contact, w.server.domain); err != nil {
				return nil, err
			}
		}
	}
	time.Sleep(w.settle)
	var count, failed atomic.Int64
	var delayed delays
	stop := make(chan struct{})
	flows := make([]*flow, len(hubs))
	for at := range flows {
		flows[at] = newFlow(w.window, len(contacts))
	}
	for _, contact := range contacts {
		go func() {
			for {
				element, err := contact.next()
				if err != nil {
					select {
					case <-stop:
					default:
						failed.Add(1)
					}
					return
				}
				if !bytes.HasPrefix(element, []byte("<presence")) || !bytes.Contains(element, []byte("<status>")) {
					continue
				}
				count.Add(1)
				var hub int
				_, found, _ := strings.Cut(string(element), "<status>")
				if _, err := fmt.Sscanf(found, "hub %d", &hub); err == nil {
					flows[hub].heard()
				}
			}
		}()
	}
	for number, hub := range hubs {
		go func() { // what a hub is told itself
			for {
				if _, err := hub.next(); err != nil {
					return
				}
			}
		}()
		go func() {
			for turn := 0; ; turn++ {
				if !flows[number].next(stop) {
					return
				}
				state := "<presence xmlns='jabber:client'><status>hub %d turn %d</status></presence>"
				if hub.send(fmt.Sprintf(state, number, turn)) != nil {
					failed.Add(1)
					return
				}
			}
		}()
	}
	result := w.cost(&count, &delayed)
	close(stop)
	result.Failed = failed.Load()
	return result, nil
}

// befriend has a contact see a hub's presence.
func befriend(hub, contact *xmppStream, domain string) error {
	subscribe := "<presence xmlns='jabber:client' type='%s' to='%s@%s'/>"
	if err := contact.send(fmt.Sprintf(subscribe, "subscribe", hub.user, domain)); err != nil {
		return err
	}
	if err := hub.until("subscribe", contact.user); err != nil {
		return err
	}
	if err := hub.send(fmt.Sprintf(subscribe, "subscribed", contact.user, domain)); err != nil {
		return err
	}
	return contact.until("subscribed", hub.user)
}

// until passes over all elements before one that holds both texts.
func (s *xmppStream) until(one, other string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for {
		element, err := s.next()
		if err != nil {
			return fmt.Errorf("waiting for %s %s: %w", one, other, err)
		}
		if bytes.Contains(element, []byte(one)) && bytes.Contains(element, []byte(other)) {
			return s.conn.SetReadDeadline(time.Time{})
		}
	}
}
