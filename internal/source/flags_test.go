package source

import (
	"bytes"
	"testing"
)

func TestTrimMode(t *testing.T) {
	for in, want := range map[string]struct {
		mode TrimMode
		text string
	}{"n": {TrimNone, "n"}, "l": {TrimLeft, "l"}, "r": {TrimRight, "r"}, "lr": {TrimBoth, "lr"}, "rl": {TrimBoth, "lr"}} {
		var m TrimMode
		if err := m.Set(in); err != nil || m != want.mode || m.String() != want.text {
			t.Errorf("%s: got %v, %v, want %v", in, m, err, want.mode)
		}
	}
	m := TrimLeft
	if err := m.Set("x"); err == nil || err.Error() != `"x" is none of n, l, r, lr, rl` || m != TrimLeft {
		t.Errorf("x: got %v, %v", m, err)
	}
}

func TestHeaderLines(t *testing.T) {
	for in, want := range map[string]HeaderLines{":": 1, "1": 1, "3": 3, "0": 0} {
		var h HeaderLines
		if err := h.Set(in); err != nil || h != want {
			t.Errorf("%s: got %v, %v, want %v", in, h, err, want)
		}
		if err := h.Set(h.String()); err != nil || h != want {
			t.Errorf("%s: printed and read: got %v, %v", in, h, err)
		}
	}
	for _, in := range []string{"", "-1", "x", "1.5", "99999999999"} {
		h := HeaderLines(7)
		if err := h.Set(in); err == nil || h != 7 {
			t.Errorf("%q: got %v, %v", in, h, err)
		}
	}
}

func TestDelimiter(t *testing.T) {
	for in, want := range map[string]string{
		`,`: ",", `\n`: "\n", `\t`: "\t", `\0`: "\x00", `\x1e`: "\x1e", `\036`: "\x1e", `\xff`: "\xff",
		`\\`: `\`, `\r\n`: "\r\n", `--\n`: "--\n", `a\0b`: "a\x00b", `\08`: "\x008", `é`: "é", `\u00e9`: "é", "\xff": "\xff",
	} {
		var d Delimiter
		if err := d.Set(in); err != nil || string(d) != want {
			t.Errorf("%s: got %q, %v, want %q", in, string(d), err, want)
		}
	}
	for _, in := range []string{"", `\`, `\q`, `\x1`, `\9`, `a\`} {
		d := Delimiter("x")
		if err := d.Set(in); err == nil || string(d) != "x" {
			t.Errorf("%q: got %q, %v", in, string(d), err)
		}
	}
	if got := Delimiter(nil).String(); got != `\n` {
		t.Errorf("default: %s", got)
	}
}

func FuzzDelimiter(f *testing.F) {
	f.Add([]byte("\n"))
	f.Add([]byte("\x000\\n\xff\u00e9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		var d Delimiter
		if err := d.Set(Delimiter(b).String()); err != nil || !bytes.Equal(d, b) {
			t.Errorf("%q: %s gives %q, %v", b, Delimiter(b), d, err)
		}
	})
}
