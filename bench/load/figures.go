package main

import (
	"math"
	"slices"
	"sync"
)

// percentile of durations in ns, in ms; nil if there are none, as JSON spells it.
func percentile(ns []int64, share float64) *float64 {
	if len(ns) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(ns))
	ms := round(float64(sorted[int(math.Round(share*float64(len(sorted)-1)))])/1e6, 3)
	return &ms
}

func round(value float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(value*scale) / scale
}

// ratio is 0 where there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// delays collects how long packets were under way, while it is switched on.
type delays struct {
	mutex sync.Mutex
	on    bool
	ns    []int64
}

func (d *delays) add(ns int64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.on {
		d.ns = append(d.ns, ns)
	}
}

func (d *delays) start() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.on, d.ns = true, nil
}

func (d *delays) stop() []int64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.on = false
	return d.ns
}
