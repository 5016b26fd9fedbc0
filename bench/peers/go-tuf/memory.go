package main

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
)

// Memory of this process in bytes; off Linux what the Go runtime has from the system.
func resident() int64 { return status("VmRSS") }

// The most since forgetPeak.
func peak() int64 { return status("VmHWM") }

func status(field string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	found := regexp.MustCompile(`(?m)^` + field + `:\s+(\d+) kB$`).FindSubmatch(text)
	if err != nil || found == nil {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return int64(memory.Sys)
	}
	kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes * 1024
}

// Linux lets a process lower its high-water mark.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
