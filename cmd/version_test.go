package cmd

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	plain := run(t, nil, "version")
	if plain.status != 0 || !strings.HasPrefix(plain.stdout, "loxctl ") || strings.Count(plain.stdout, "\n") != 1 {
		t.Errorf("got %+v", plain)
	}
	if got := run(t, nil, "--version"); got != plain {
		t.Errorf("--version prints %+v", got)
	}
	var b build
	if err := json.Unmarshal([]byte(run(t, nil, "version", "--json").stdout), &b); err != nil {
		t.Fatal(err)
	}
	if b.Version == "" || b.Go != runtime.Version() || b.OS != runtime.GOOS || b.Arch != runtime.GOARCH {
		t.Errorf("got %+v", b)
	}
}

func TestBuildString(t *testing.T) {
	b := build{Version: "1.2.3", Go: "go1.26", OS: "plan9", Arch: "mips"}
	for _, tt := range []struct {
		commit   string
		modified bool
		want     string
	}{
		{"", false, "loxctl 1.2.3 (go1.26, plan9/mips)"},
		{"0123456789abcdef", false, "loxctl 1.2.3 (commit 0123456789ab, go1.26, plan9/mips)"},
		{"0123", true, "loxctl 1.2.3 (commit 0123 and changes, go1.26, plan9/mips)"},
	} {
		b.Commit, b.Modified = tt.commit, tt.modified
		if got := b.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
