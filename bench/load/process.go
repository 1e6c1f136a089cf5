package main

// What processes have used, by /proc.

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks is USER_HZ, which is 100 on every architecture that Go runs on.
const ticks = 100

// usage is what a family of processes has used: seconds of CPU by the scheduler's ns counters, the
// same in user and system mode by the coarser accounting, resident bytes.
type usage struct {
	cpu, user, system float64
	resident          int64
}

// after the command's name, which may hold anything: see proc(5).
func statFields(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

// family is a process and all its descendants.
func family(pid int) []int {
	children := map[int][]int{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		child, _ := strconv.Atoi(filepath.Base(folder))
		if fields := statFields(child); len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for at := 0; at < len(all); at++ {
		all = append(all, children[all[at]]...)
	}
	return all
}

func usageOf(pids []int) (sum usage) {
	for _, pid := range pids {
		fields := statFields(pid)
		if len(fields) < 22 {
			continue
		}
		number := func(at int) float64 {
			value, _ := strconv.ParseFloat(fields[at], 64)
			return value
		}
		sum.user += number(11) / ticks
		sum.system += number(12) / ticks
		sum.resident += int64(number(21)) * int64(os.Getpagesize())
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, thread := range threads {
			if text, err := os.ReadFile(thread); err == nil {
				ns, _ := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
				sum.cpu += ns / 1e9
			}
		}
	}
	return sum
}

// proportional is the bytes of memory that are theirs: what several of them share counts once.
func proportional(pids []int) (sum int64) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, "Pss:"); ok {
				kb, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				sum += kb * 1024
			}
		}
	}
	return sum
}
