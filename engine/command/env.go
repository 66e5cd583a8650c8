package command

import (
	"slices"
	"strings"
)

// ofJob are the variables that a job gets its own values of.
var ofJob = []string{"LOXCTL_SEQ", "LOXCTL_SLOT", "LOXCTL_ATTEMPT", "PARALLEL_SEQ", "PARALLEL_JOBSLOT"}

// environment is what all processes of a stage share, each name once.
type environment []string

func newEnvironment(env []string, dir string) environment {
	if dir != "" {
		env = append(slices.Clip(env), "PWD="+dir)
	}
	last := make(map[string]int, len(env))
	for i, kv := range env {
		last[name(kv)] = i
	}
	out := make(environment, 0, len(env))
	for i, kv := range env {
		if last[name(kv)] == i && !slices.Contains(ofJob, name(kv)) {
			out = append(out, kv)
		}
	}
	return out
}

// appendTo appends the environment with more, whose names replace it.
func (e environment) appendTo(dst, more []string) []string {
	if len(more) == 0 {
		return append(dst, e...)
	}
	for _, kv := range e {
		same := func(other string) bool { return name(other) == name(kv) }
		if !slices.ContainsFunc(more, same) {
			dst = append(dst, kv)
		}
	}
	return append(dst, more...)
}

func name(kv string) string {
	n, _, _ := strings.Cut(kv, "=")
	return n
}
