package main

import (
	"flag"
	"os"
	"time"
)

// remembered is the server's resident memory per subscriber, in KB.
type remembered struct {
	Subscribers int     `json:"subscribers"`
	Answers     answers `json:"answers"`
	EmptyMB     float64 `json:"empty_mb"` // the server with the publisher only
	IdleKB      float64 `json:"idle_kb"`  // each connected, nothing sent
	ActiveKB    float64 `json:"active_kb"`
}

// memory measures a server that was just started: what it once had it may not give back.
func memory(args []string) error {
	var t target
	set := flag.NewFlagSet("memory", flag.ExitOnError)
	t.flags(set)
	number := set.Int("subscribers", 100, "how many")
	settle := set.Duration("settle", 5*time.Second, "wait before each look")
	_ = set.Parse(args) // exits on errors
	room, err := openRoom(&t)
	if err != nil {
		return err
	}
	defer room.close()
	time.Sleep(*settle / 2)
	resident := func() float64 { return float64(usageOf(room.pids).resident) }
	empty := resident()
	if err := room.fill(&t, *number); err != nil {
		return err
	}
	time.Sleep(*settle)
	idle := resident()
	room.play()
	for _, s := range room.subscribers {
		if err := s.waitMedia(); err != nil {
			return err
		}
	}
	time.Sleep(*settle)
	each := func(bytes float64) float64 { return round((bytes-empty)/1e3/float64(*number), 1) }
	return emit(os.Stdout, remembered{
		Subscribers: *number, Answers: t.answers, EmptyMB: round(empty/1e6, 1),
		IdleKB: each(idle), ActiveKB: each(resident()),
	})
}
