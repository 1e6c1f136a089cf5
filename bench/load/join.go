package main

import (
	"flag"
	"os"
	"time"
)

// joined is how long subscribers waited, from posting their offer.
type joined struct {
	Others      int      `json:"others"` // subscribers that were there before
	Joins       int      `json:"joins"`
	Failed      int      `json:"failed"`
	AnswerP50   *float64 `json:"answer_p50_ms"` // the answer was there
	PacketP50   *float64 `json:"packet_p50_ms"` // the first media packet came in
	PacketP95   *float64 `json:"packet_p95_ms"`
	PictureP50  *float64 `json:"picture_p50_ms"` // the first whole keyframe
	PictureP95  *float64 `json:"picture_p95_ms"`
	ServerCPUms float64  `json:"server_cpu_ms_per_join"` // what forwarding to the others costs is in it
}

// joins measures joins one after another; each leaves again.
func joins(args []string) error {
	var t target
	set := flag.NewFlagSet("join", flag.ExitOnError)
	t.flags(set)
	others := set.Int("others", 0, "subscribers that are there before")
	number := set.Int("joins", 30, "how many to measure")
	gap := set.Duration("gap", 700*time.Millisecond, "wait between two")
	_ = set.Parse(args) // exits on errors
	room, err := openRoom(&t)
	if err != nil {
		return err
	}
	defer room.close()
	room.play()
	time.Sleep(time.Second)
	if err := room.fill(&t, *others); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	result := joined{Others: *others, Joins: *number}
	var answers, packets, pictures []int64
	var cpu float64
	for range *number {
		before := usageOf(room.pids).cpu
		times, err := room.joinOnce(&t)
		if err != nil {
			result.Failed++
			continue
		}
		cpu += usageOf(room.pids).cpu - before
		answers, packets, pictures = append(answers, times[0]), append(packets, times[1]), append(pictures, times[2])
		time.Sleep(*gap)
	}
	result.AnswerP50 = percentile(answers, 0.5)
	result.PacketP50, result.PacketP95 = percentile(packets, 0.5), percentile(packets, 0.95)
	result.PictureP50, result.PictureP95 = percentile(pictures, 0.5), percentile(pictures, 0.95)
	result.ServerCPUms = round(ratio(1e3*cpu, float64(len(packets))), 2)
	return emit(os.Stdout, result)
}

// joinOnce is the times to the answer, to the first packet and to the first picture, in ns.
func (r *room) joinOnce(t *target) (times [3]int64, err error) {
	s, err := newSubscriber(t, &r.delays)
	if err != nil {
		return times, err
	}
	defer func() { _ = s.close() }()
	if err := s.join(t); err != nil {
		return times, err
	}
	asked := s.asked.UnixNano()
	times[0] = s.answered.UnixNano() - asked
	if err := s.waitMedia(); err != nil {
		return times, err
	}
	times[1] = s.tap.firstMedia() - asked
	select {
	case at := <-s.picture:
		times[2] = at - asked
	case <-time.After(patience):
		return times, errNoPicture
	}
	return times, nil
}
