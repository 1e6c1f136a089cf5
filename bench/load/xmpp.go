package main

// What XMPP servers are asked to do. Each command prints the server's CPU time per operation.

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// xmppWork is what all XMPP commands are told.
type xmppWork struct {
	server   xmppServer
	pids     []int
	pid      int
	users    int
	first    int
	atOnce   int
	rooms    string
	settle   time.Duration
	lasting  time.Duration
	window   int
	rate     float64
	size     int
	contacts int
}

// xmppCost is one result. `CPU`: seconds of the server.
type xmppCost struct {
	Operations int64    `json:"times"`
	Seconds    float64  `json:"seconds"`
	PerSecond  float64  `json:"per_second"`
	CPUus      float64  `json:"cpu_us"`
	P50        *float64 `json:"p50_ms"`
	P99        *float64 `json:"p99_ms"`
	Failed     int64    `json:"failed"`
}

// xmpp runs one kind of work: register, login, idle, chat, room or presence.
func xmpp(args []string) error {
	if len(args) == 0 || xmppKinds[args[0]] == nil {
		return fmt.Errorf("usage: load xmpp register|login|idle|chat|room|presence [flags]")
	}
	w := &xmppWork{}
	set := flag.NewFlagSet("xmpp "+args[0], flag.ExitOnError)
	set.StringVar(&w.server.address, "address", "127.0.0.1:5222", "host:port")
	set.StringVar(&w.server.path, "websocket", "", "path of the WebSocket; empty: TCP")
	set.StringVar(&w.server.domain, "domain", "localhost", "of the accounts")
	set.StringVar(&w.server.password, "password", "correct-horse-battery", "of all accounts")
	set.StringVar(&w.server.mechanism, "mechanism", "SCRAM-SHA-1", "PLAIN | SCRAM-SHA-1 | SCRAM-SHA-256")
	set.StringVar(&w.server.tls, "tls", "none", "none | starttls | direct")
	set.BoolVar(&w.server.managed, "managed", true, "switch carbons and stream management on")
	set.StringVar(&w.rooms, "rooms", "", "domain of the rooms; empty: rooms.DOMAIN")
	set.IntVar(&w.pid, "pid", 0, "process of the server; its descendants count too")
	set.IntVar(&w.users, "users", 100, "sessions")
	set.IntVar(&w.first, "first", 0, "number of the first account")
	set.IntVar(&w.atOnce, "at-once", 10, "connections that are set up at once")
	set.DurationVar(&w.settle, "settle", 2*time.Second, "rest before the measured part")
	set.DurationVar(&w.lasting, "lasting", 4*time.Second, "the measured part")
	set.IntVar(&w.window, "window", 4, "messages in flight for each sender")
	set.Float64Var(&w.rate, "rate", 0, "messages a second in all; 0: as fast as the window allows")
	set.IntVar(&w.size, "size", 100, "bytes of a message's text")
	set.IntVar(&w.contacts, "contacts", 50, "of each of the users (presence)")
	_ = set.Parse(args[1:]) // exits on errors
	if w.rooms == "" {
		w.rooms = "rooms." + w.server.domain
	}
	w.pids = family(w.pid)
	result, err := xmppKinds[args[0]](w)
	if err != nil {
		return err
	}
	return emit(os.Stdout, result)
}

var xmppKinds = map[string]func(*xmppWork) (any, error){
	"register": (*xmppWork).register,
	"login":    (*xmppWork).logins,
	"idle":     (*xmppWork).idle,
	"chat":     (*xmppWork).chat,
	"room":     (*xmppWork).room,
	"presence": (*xmppWork).presence,
}

const available = "<presence xmlns='jabber:client'/>"

func (w *xmppWork) user(number int) string { return fmt.Sprintf("user%05d", w.first+number) }

func (w *xmppWork) bare(number int) string { return w.user(number) + "@" + w.server.domain }

// each does something for all numbers, several at once; the first error is given.
func (w *xmppWork) each(count int, do func(number int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, w.atOnce)
	for range w.atOnce {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				if err := do(number); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// sessions are logged in, have asked for their contacts, and are available.
func (w *xmppWork) sessions(count int) ([]*xmppStream, error) {
	streams := make([]*xmppStream, count)
	err := w.each(count, func(number int) error {
		stream, err := dialXMPP(&w.server, w.user(number))
		if err != nil {
			return err
		}
		streams[number] = stream
		if _, err := stream.ask("get", "contacts", "<query xmlns='jabber:iq:roster'/>"); err != nil {
			return err
		}
		return stream.send(available)
	})
	return streams, err
}

// cost measures the server while operations are counted.
func (w *xmppWork) cost(count *atomic.Int64, delayed *delays) xmppCost {
	time.Sleep(w.settle)
	delayed.start()
	before, from, began := usageOf(w.pids).cpu, count.Load(), time.Now()
	time.Sleep(w.lasting)
	cpu, times, seconds := usageOf(w.pids).cpu-before, count.Load()-from, time.Since(began).Seconds()
	ns := delayed.stop()
	return xmppCost{
		Operations: times,
		Seconds:    round(seconds, 2),
		PerSecond:  round(float64(times)/seconds, 0),
		CPUus:      round(1e6*ratio(cpu, float64(times)), 2),
		P50:        percentile(ns, 0.5),
		P99:        percentile(ns, 0.99),
	}
}

// register makes the accounts (XEP-0077); those that are there already stay.
func (w *xmppWork) register() (any, error) {
	var made atomic.Int64
	err := w.each(w.users, func(number int) error {
		stream, err := connectXMPP(&w.server)
		if err != nil {
			return err
		}
		defer func() { _ = stream.close() }()
		if _, err := stream.open(); err != nil {
			return err
		}
		query := "<query xmlns='jabber:iq:register'><username>%s</username><password>%s</password></query>"
		_, err = stream.ask("set", "register", fmt.Sprintf(query, w.user(number), w.server.password))
		if err != nil && !strings.Contains(err.Error(), "conflict") {
			return err
		}
		made.Add(1)
		return nil
	})
	return map[string]int64{"accounts": made.Load()}, err
}

// logins are from the connection to the bound resource, over and over.
func (w *xmppWork) logins() (any, error) {
	var count, failed atomic.Int64
	var delayed delays
	stop := make(chan struct{})
	var group sync.WaitGroup
	for worker := range w.atOnce {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := worker; ; number += w.atOnce {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				stream, err := dialXMPP(&w.server, w.user(number%w.users))
				if err != nil {
					failed.Add(1)
					continue
				}
				delayed.add(int64(time.Since(began)))
				count.Add(1)
				_ = stream.close()
			}
		}()
	}
	result := w.cost(&count, &delayed)
	close(stop)
	group.Wait()
	result.Failed = failed.Load()
	if result.Operations == 0 {
		return nil, fmt.Errorf("nobody was let in")
	}
	return result, nil
}

// idle sessions cost memory.
func (w *xmppWork) idle() (any, error) {
	warm := w.users / 10
	if _, err := w.sessions(warm); err != nil {
		return nil, err
	}
	time.Sleep(w.settle)
	before := proportional(w.pids)
	w.first += warm
	streams, err := w.sessions(w.users - warm)
	if err != nil {
		return nil, err
	}
	time.Sleep(w.settle)
	grown := proportional(w.pids) - before
	cpu := usageOf(w.pids).cpu
	time.Sleep(w.lasting)
	resting := (usageOf(w.pids).cpu - cpu) / w.lasting.Seconds()
	return map[string]float64{
		"sessions":     float64(len(streams)),
		"kb":           round(float64(grown)/float64(len(streams))/1024, 2),
		"resting_core": round(resting, 4),
	}, nil
}

// chat: users talk in pairs, both at once. An operation is one message that arrived.
func (w *xmppWork) chat() (any, error) {
	streams, err := w.sessions(w.users &^ 1)
	if err != nil {
		return nil, err
	}
	time.Sleep(w.settle)
	var count, failed atomic.Int64
	var delayed delays
	stop := make(chan struct{})
	pace := w.pacer(stop)
	// What waited for an account since an earlier run is not counted; ids are new, too.
	run := fmt.Sprintf("<body>%d ", time.Now().UnixNano())
	text := strings.Repeat("x", max(w.size-len(run)+len("<body>"), 0))
	for number, stream := range streams {
		go w.talk(stream, streams[number^1], run+text, pace, &count, &failed, &delayed, stop)
	}
	result := w.cost(&count, &delayed)
	close(stop)
	result.Failed = failed.Load()
	return result, nil
}

// talk sends to a peer, and reads what the peer gets.
func (w *xmppWork) talk(
	from, to *xmppStream, text string, pace func() bool, count, failed *atomic.Int64, delayed *delays, stop <-chan struct{},
) {
	slots, starts := make(chan struct{}, w.window), make(chan time.Time, w.window)
	go func() {
		for number := 0; ; number++ {
			select {
			case slots <- struct{}{}:
			case <-stop:
				return
			}
			if !pace() {
				return
			}
			starts <- time.Now()
			message := "<message xmlns='jabber:client' type='chat' id='%s-%d' to='%s'>%s</body></message>"
			if from.send(fmt.Sprintf(message, text[len("<body>"):][:19], number, to.jid, text)) != nil {
				failed.Add(1)
				return
			}
			if w.server.managed && number%8 == 7 && from.send("<r xmlns='urn:xmpp:sm:3'/>") != nil {
				failed.Add(1)
				return
			}
		}
	}()
	for {
		element, err := to.next()
		if err != nil {
			select {
			case <-stop:
			default:
				failed.Add(1)
			}
			return
		}
		if !bytes.HasPrefix(element, []byte("<message")) || !bytes.Contains(element, []byte(text[:len("<body>")+20])) {
			continue
		}
		if strings.Contains(string(element[:bytes.IndexByte(element, '>')]), "error") {
			failed.Add(1)
		}
		delayed.add(int64(time.Since(<-starts)))
		count.Add(1)
		<-slots
	}
}

// pacer waits as the rate asks; it says no when all is over.
func (w *xmppWork) pacer(stop <-chan struct{}) func() bool {
	began := time.Now()
	var turn atomic.Int64
	return func() bool {
		if w.rate > 0 {
			due := began.Add(time.Duration(float64(turn.Add(1)) / w.rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
}
