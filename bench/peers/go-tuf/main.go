// Releases done by go-tuf in a resident process: a yardstick of `npm run bench`.
//
// It talks as python-tuf/peer.py does, whose head says how, and what a release is.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

type options struct {
	Directory       string `json:"directory"`
	Targets         int    `json:"targets"`
	Bins            int    `json:"bins"`
	Style           string `json:"style"`
	SnapshotEntries string `json:"snapshot_entries"`
}

type answer struct {
	SetupMS float64 `json:"setup_ms,omitempty"`
	MS      float64 `json:"ms,omitempty"`
	RSS     int64   `json:"rss_bytes"`
	Peak    int64   `json:"peak_bytes"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 256<<20) // A release may have many files.
	replies := json.NewEncoder(os.Stdout)
	if !lines.Scan() {
		check(fmt.Errorf("no options on standard input: %v", lines.Err()))
	}
	var given options
	check(json.Unmarshal(lines.Bytes(), &given))
	begun := time.Now()
	repository, err := newRepository(given)
	check(err)
	// What making the repository took is not to count as the memory of its releases.
	debug.FreeOSMemory()
	forgetPeak()
	check(replies.Encode(answer{SetupMS: since(begun), RSS: resident(), Peak: peak()}))
	for lines.Scan() {
		var files [][2]string
		check(json.Unmarshal(lines.Bytes(), &files))
		begun := time.Now()
		check(repository.release(files))
		check(replies.Encode(answer{MS: since(begun), RSS: resident(), Peak: peak()}))
	}
	check(lines.Err())
}

func since(begun time.Time) float64 { return float64(time.Since(begun).Microseconds()) / 1000 }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
