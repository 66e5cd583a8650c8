package state

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	tests := map[string]string{ // name: what is wrong
		"db": "", "a": "", "a/b": "", "Größe": "", "a b": "", "a.b": "", "~": "", "wait2": "", "WAIT": "",
		strings.Repeat("a", 200): "", strings.Repeat("a", 201): "201 bytes",
		"": "empty", ".": "begins with .", ".a": "begins with .", "-a": "begins with -",
		"a\nb": "control", "a\x00": "control", "\x7f": "control", "\u0085": "control", "a\xff": "UTF-8",
		"acquire": "meaning", "release": "meaning", "held": "meaning", "check": "meaning", "path": "meaning",
		"wait": "meaning", "ls": "meaning", "break": "meaning", "resize": "meaning",
	}
	for name, want := range tests {
		err := CheckName(name)
		var bad *NameError
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", name, err)
		case want != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Error(), want)):
			t.Errorf("%q: %v, not an error about %q", name, err, want)
		}
	}
}

func TestEscape(t *testing.T) {
	tests := map[string]string{
		"db": "db", "a.b_c-9": "a.b_c-9", "DB": "%44%42", "a/b": "a%2Fb", "%": "%25", "ä": "%C3%A4", "~": "%7E",
		strings.Repeat("a", 200):       strings.Repeat("a", 200),
		strings.Repeat("A", 66) + "bc": strings.Repeat("%41", 66) + "bc",
	}
	for name, want := range tests {
		if got := Escape(name); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

// A long name is cut, but not inside a %XX, and ends in a hash.
func TestEscapeCuts(t *testing.T) {
	for lead := range 4 {
		name := strings.Repeat("a", lead) + strings.Repeat("A", 100)
		got := Escape(name)
		head, hash, ok := strings.Cut(got, "%~")
		if !ok || len(hash) != 32 {
			t.Fatalf("%q has no hash", got)
		}
		if len(head) > 120 || len(head) < 118 || (len(head)-lead)%3 != 0 {
			t.Errorf("%d: cut at %d: %q", lead, len(head), head)
		}
		if other := Escape(name[:len(name)-1] + "B"); other == got {
			t.Errorf("two names, one file: %q", got)
		}
	}
}

// unescape is the inverse of Escape for what was not cut.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			const digits = "0123456789ABCDEF"
			b.WriteByte(byte(strings.IndexByte(digits, s[i+1])<<4 | strings.IndexByte(digits, s[i+2])))
			i += 2
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func FuzzEscape(f *testing.F) {
	f.Add("db", "DB")
	f.Add("a/b", "a%2Fb")
	f.Add(strings.Repeat("A", 100), strings.Repeat("A", 101))
	f.Fuzz(func(t *testing.T, a, b string) {
		if CheckName(a) != nil || CheckName(b) != nil {
			return
		}
		x, y := Escape(a), Escape(b)
		if (x == y) != (a == b) {
			t.Errorf("%q and %q: %q and %q", a, b, x, y)
		}
		if len(x) > 200 || strings.ToLower(strings.ReplaceAll(x, "%", "")) == "" || strings.ContainsAny(x, "/\x00") {
			t.Errorf("%q: %q is no good file name", a, x)
		}
		if !strings.Contains(x, "%~") && unescape(x) != a {
			t.Errorf("%q: %q is %q", a, x, unescape(x))
		}
		if strings.EqualFold(x, y) && x != y {
			t.Errorf("%q and %q are one file where case folds", x, y)
		}
	})
}
