// Command load is a load generator for servers that speak WHIP and WHEP, or XMPP, and the least WebRTC
// server that can be made of Pion. Each command prints one JSON object for each step it has measured.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"
)

var commands = map[string]func(args []string) error{
	"forward":   forward,
	"join":      joins,
	"memory":    memory,
	"forwarder": forwarder,
	"xmpp":      xmpp,
}

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load forward|join|memory|forwarder|xmpp [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

// target is the server under test: what the flags of all measuring commands say.
type target struct {
	whip, whep string
	pid        int
	network    string // network interface of the client's candidates
	answers    answers
}

func (t *target) flags(set *flag.FlagSet) {
	set.StringVar(&t.whip, "whip", "", "URL to publish at")
	set.StringVar(&t.whep, "whep", "", "URL to play from")
	set.IntVar(&t.pid, "pid", 0, "process of the server; its descendants count too")
	set.StringVar(&t.network, "interface", "lo", "network interface of the client's candidates")
	set.Func("answers", "what subscribers answer: reports | all (default reports)", func(text string) error {
		switch text {
		case "reports", "all":
			t.answers = answers(text)
			return nil
		}
		return fmt.Errorf("neither reports nor all")
	})
	t.answers = onlyReports
}

// emit prints one result and passes it to nobody else: who wants a file redirects.
func emit(out io.Writer, result any) error {
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(line))
	return err
}

// counts reads "10,100,300".
func counts(text string) ([]int, error) {
	var all []int
	for _, field := range strings.Split(text, ",") {
		var n int
		if _, err := fmt.Sscanf(field, "%d", &n); err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a count", field)
		}
		all = append(all, n)
	}
	return all, nil
}

// patience is how long a peer may take to connect or to get media.
const patience = 15 * time.Second
