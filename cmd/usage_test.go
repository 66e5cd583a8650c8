package cmd

import (
	"strings"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	for _, tt := range []struct {
		args   string
		stderr string // both lines
	}{
		{"scater", "loxctl: scater: unknown verb\nhint: did you mean loxctl scatter?\n"},
		{"scat", "loxctl: scat: unknown verb\nhint: did you mean loxctl scatter?\n"},
		{"nonsense", "loxctl: nonsense: unknown verb\nhint: see loxctl help\n"},
		{"nonsense --with=flags", "loxctl: nonsense: unknown verb\nhint: see loxctl help\n"},
		{"--nonsense", "loxctl: --nonsense: unknown flag\nhint: see loxctl help\n"},
		{"--colour=never", "loxctl: --colour: unknown flag\nhint: did you mean --color?\n"},
		{"--color", "loxctl: --color: needs a value\nhint: write --color WHEN\n"},
		{"--color blue", "loxctl: --color: \"blue\" is none of auto, always, never\nhint: see loxctl help\n"},
		{"version --jsno", "loxctl: version: --jsno: unknown flag\nhint: did you mean --json?\n"},
		{"version -Z", "loxctl: version: -Z: unknown flag\nhint: see loxctl help version\n"},
		{"version -hé", "loxctl: version: -é: unknown flag\nhint: see loxctl help version\n"},
		{"version --json=maybe", "loxctl: version: --json: \"maybe\": must be true or false\nhint: see loxctl help version\n"},
		{"version --=x", "loxctl: version: --=x: this is no flag\nhint: see loxctl help version\n"},
		{"version now", "loxctl: version: now: one word too many\nhint: see loxctl help version\n"},
		{"config", "loxctl: config: what to do is missing: show\nhint: see loxctl help config\n"},
		{"config shew", "loxctl: config: shew: must be show\nhint: see loxctl help config\n"},
		{"completion", "loxctl: completion: the shell is missing: bash, zsh, fish, powershell\nhint: see loxctl help completion\n"},
		{"completion tcsh", "loxctl: completion: tcsh: must be one of bash, zsh, fish, powershell\nhint: see loxctl help completion\n"},
		{"help signal", "loxctl: help: signal: no such verb or topic\nhint: did you mean loxctl help signals?\n"},
		{"help xyzzy", "loxctl: help: xyzzy: no such verb or topic\nhint: see loxctl help help\n"},
	} {
		got := run(t, nil, strings.Fields(tt.args)...)
		if want := (outcome{stderr: tt.stderr, status: 125}); got != want {
			t.Errorf("loxctl %s\n got %+v\nwant %+v", tt.args, got, want)
		}
	}
}

func TestWordsOfErrorsArePrintable(t *testing.T) {
	for word, want := range map[string]string{
		"a\nb":    `"a\nb"`,
		"\x1b[2J": `"\x1b[2J"`,
		"\xff":    `"\xff"`,
		"a b é":   "a b é",
	} {
		if got := run(t, nil, word).stderr; got != "loxctl: "+want+": unknown verb\nhint: see loxctl help\n" {
			t.Errorf("%q: got %q", word, got)
		}
	}
}

func TestErrorsAreColoredOnRequest(t *testing.T) {
	got := run(t, nil, "--color", "always", "version", "now").stderr
	if !strings.Contains(got, "\x1b[") || !strings.Contains(got, "version: now: one word too many") {
		t.Errorf("got %q", got)
	}
}

func TestClosest(t *testing.T) {
	names := []string{"jobs", "joblog", "retries", "retry-delay", "tag", "tagstring"}
	for _, tt := range []struct{ word, want string }{
		{"jobs", "jobs"},
		{"jbos", "jobs"},
		{"job", "jobs"},
		{"jobb", "jobs"},
		{"joblg", "joblog"},
		{"retrys", "retries"},
		{"retry", "retry-delay"},
		{"ta", "tag"},
		{"tagstr", "tagstring"},
		{"xyzzy", ""},
		{"", ""},
	} {
		if got := closest(tt.word, names); got != tt.want {
			t.Errorf("closest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func FuzzSlips(f *testing.F) {
	f.Add("jobs", "jbos")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 50 || len(b) > 50 {
			return
		}
		n := slips(a, b)
		if n != slips(b, a) {
			t.Errorf("slips(%q, %q) depends on the order", a, b)
		}
		if (n == 0) != (a == b) {
			t.Errorf("slips(%q, %q) = %d", a, b, n)
		}
		if most := max(len(a), len(b)); n > most {
			t.Errorf("slips(%q, %q) = %d, more than all %d letters", a, b, n, most)
		}
	})
}
