package cmd

import (
	"os"
	"strings"
	"testing"
)

func TestPipeCompletion(t *testing.T) {
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	environ := []string{"LOXCTL_HOME=" + home}
	for _, line := range []string{
		"announce create news --backlog 2", "announce create noise", "announce subscribe news --as bob",
		"announce put news x", "announce get news --group g --from start",
		"funnel create merge --inputs left,right", "funnel put merge left job1 x",
	} {
		if got := run(t, environ, strings.Fields(line)...); got.status != 0 {
			t.Fatalf("loxctl %s: %+v", line, got)
		}
	}
	for _, tt := range []struct{ args, want string }{ // _ is a word that is empty
		{"announce n", "nack"},
		{"announce sub", "subscribe"},
		{"announce put _", "news noise"},
		{"announce put ne", "news"},
		{"announce create n", ""},
		{"announce create n --update n", ""},
		{"announce put news _", ""},
		{"announce get news --as _", "bob"},
		{"announce get news --group _", "g"},
		{"announce get news --from _", "start now last"},
		{"announce get news --ack _", "auto manual"},
		{"announce seek news _", "start now"},
		{"announce seek news s", "start"},
		{"announce put news x --when-full _", "block fail drop"},
		{"announce get news --wai", "--wait"},
		{"announce get nowhere --as _", ""},
		{"funnel _", "create add-input put get ack nack drop close rm path mount unmount ls"},
		{"funnel get _", "merge"},
		{"funnel put merge _", "left right"},
		{"funnel put merge left _", "job1"},
		{"funnel drop merge j", "job1"},
		{"funnel add-input merge _", ""},
	} {
		args := strings.Fields("__complete " + tt.args)
		if last := len(args) - 1; args[last] == "_" {
			args[last] = ""
		}
		var got []string
		for line := range strings.Lines(run(t, environ, args...).stdout) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); !strings.HasPrefix(word, ":") {
				got = append(got, word)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("loxctl %s: %q, want %q", tt.args, got, tt.want)
		}
	}
	if got := run(t, environ, "__complete", "announce", "put", "ne").stdout; !strings.HasPrefix(got, "news\tbacklog 2\n") {
		t.Errorf("got %q", got)
	}
}
