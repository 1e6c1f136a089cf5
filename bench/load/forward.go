package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"sync"
	"time"
)

// forwarded is what one window has shown.
type forwarded struct {
	Subscribers  int      `json:"subscribers"`
	Answers      answers  `json:"answers"`
	Seconds      float64  `json:"seconds"`
	Packets      uint64   `json:"packets"` // media packets all subscribers have received
	PacketBytes  float64  `json:"packet_bytes"`
	MicroSeconds float64  `json:"us_per_packet"` // of the server's CPU
	User         float64  `json:"user_us_per_packet"`
	System       float64  `json:"system_us_per_packet"`
	ServerCPU    float64  `json:"server_cpu_pct"`
	ClientCPU    float64  `json:"client_cpu_pct"`
	Delivery     float64  `json:"delivery_pct"`  // received of sent × subscribers
	Loss         float64  `json:"loss_pct"`      // by gaps in sequence numbers
	Repaired     uint64   `json:"repaired"`      // gaps filled by retransmission
	Other        uint64   `json:"other_packets"` // retransmissions, and padding of probes
	Decrypted    int      `json:"decrypted"`     // packets of the sample
	Silent       int      `json:"silent_subscribers"`
	DelayP50     *float64 `json:"delay_p50_ms"` // sent to received, by the kernel's clock
	DelayP99     *float64 `json:"delay_p99_ms"`
	LateFrames   uint64   `json:"late_frames"`
	Keyframes    uint64   `json:"keyframes_asked"`
}

// forward measures windows with rising numbers of subscribers of one publisher.
func forward(args []string) error {
	var t target
	set := flag.NewFlagSet("forward", flag.ExitOnError)
	t.flags(set)
	steps := set.String("subscribers", "10,100,300", "numbers of subscribers, rising")
	window := set.Duration("window", 6*time.Second, "how long to measure at each step")
	windows := set.Int("windows", 3, "how often")
	settle := set.Duration("settle", 2*time.Second, "wait after the last join of a step")
	_ = set.Parse(args) // exits on errors
	numbers, err := counts(*steps)
	if err != nil {
		return err
	}
	room, err := openRoom(&t)
	if err != nil {
		return err
	}
	defer room.close()
	room.play()
	time.Sleep(time.Second)
	for _, n := range numbers {
		if err := room.fill(&t, n); err != nil {
			return err
		}
		time.Sleep(*settle)
		for range *windows {
			result := room.measure(*window)
			result.Answers = t.answers
			if err := emit(os.Stdout, result); err != nil {
				return err
			}
		}
	}
	return nil
}

// room is a publisher and its subscribers.
type room struct {
	publisher   *publisher
	subscribers []*subscriber
	delays      delays
	pids        []int
	cancel      context.CancelFunc
}

// openRoom connects the publisher, who is silent yet.
func openRoom(t *target) (*room, error) {
	p, err := publish(t)
	if err != nil {
		return nil, err
	}
	return &room{publisher: p, pids: family(t.pid)}, nil
}

func (r *room) play() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.publisher.run(ctx)
}

const joinsAtOnce = 2

// fill adds subscribers until there are n, and waits until each has media if there are any.
func (r *room) fill(t *target, n int) error {
	added := make([]*subscriber, n-len(r.subscribers))
	failures := make([]error, len(added))
	var group sync.WaitGroup
	places := make(chan struct{}, joinsAtOnce)
	for at := range added {
		places <- struct{}{}
		group.Add(1)
		go func() {
			defer func() { <-places; group.Done() }()
			added[at], failures[at] = r.add(t)
		}()
	}
	group.Wait()
	for _, s := range added {
		if s != nil {
			r.subscribers = append(r.subscribers, s)
		}
	}
	return errors.Join(failures...)
}

func (r *room) add(t *target) (*subscriber, error) {
	s, err := newSubscriber(t, &r.delays)
	if err != nil {
		return nil, err
	}
	if err := s.join(t); err != nil {
		return s, err
	}
	if r.cancel == nil {
		return s, waitConnected(s.pc)
	}
	return s, s.waitMedia()
}

func (r *room) close() {
	if r.cancel != nil {
		r.cancel()
	}
	for _, s := range r.subscribers {
		if err := s.close(); err != nil {
			log.Print(err)
		}
	}
	r.publisher.close()
}

// moment is all counters at one time.
type moment struct {
	at             time.Time
	sum            totals
	each           []uint64
	sent, late     uint64
	server, client usage
}

func (r *room) now() (m moment) {
	m.at, m.sent, m.late = time.Now(), r.publisher.sent.Load(), r.publisher.late.Load()
	for _, s := range r.subscribers {
		one := s.tap.totals()
		m.sum.media += one.media
		m.sum.expected += one.expected
		m.sum.bytes += one.bytes
		m.sum.other += one.other
		m.sum.repaired += one.repaired
		m.each = append(m.each, one.media)
	}
	m.server, m.client = usageOf(r.pids), usageOf([]int{os.Getpid()})
	return m
}

func (r *room) measure(window time.Duration) forwarded {
	log.Printf("measuring %d subscribers for %s", len(r.subscribers), window) // profilers wait for it
	r.delays.start()
	a := r.now()
	time.Sleep(window)
	b := r.now()
	under := r.delays.stop()
	seconds, packets := b.at.Sub(a.at).Seconds(), b.sum.media-a.sum.media
	each := func(cpu float64) float64 { return round(ratio(1e6*cpu, float64(packets)), 3) }
	share := func(part, whole uint64) float64 { return round(100*ratio(float64(part), float64(whole)), 3) }
	// The coarse accounting gives the split of the exact sum.
	user, system := b.server.user-a.server.user, b.server.system-a.server.system
	cpu := b.server.cpu - a.server.cpu
	result := forwarded{
		Subscribers:  len(r.subscribers),
		Seconds:      round(seconds, 3),
		Packets:      packets,
		PacketBytes:  round(ratio(float64(b.sum.bytes-a.sum.bytes), float64(packets)), 1),
		MicroSeconds: each(cpu),
		User:         each(cpu * ratio(user, user+system)),
		System:       each(cpu * ratio(system, user+system)),
		ServerCPU:    round(100*cpu/seconds, 1),
		ClientCPU:    round(100*(b.client.cpu-a.client.cpu)/seconds, 1),
		Delivery:     share(packets, (b.sent-a.sent)*uint64(len(r.subscribers))),
		Loss:         round(100-share(packets, b.sum.expected-a.sum.expected), 3),
		Repaired:     b.sum.repaired - a.sum.repaired,
		Other:        b.sum.other - a.sum.other,
		Decrypted:    len(under),
		DelayP50:     percentile(under, 0.5),
		DelayP99:     percentile(under, 0.99),
		LateFrames:   b.late - a.late,
		Keyframes:    r.publisher.asked.Load(),
	}
	for at, before := range a.each {
		if b.each[at] == before {
			result.Silent++
		}
	}
	return result
}
