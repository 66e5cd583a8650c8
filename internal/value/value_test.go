package value

import "testing"

func TestSignal(t *testing.T) {
	for _, text := range []string{"TERM", "term", "SIGTERM", "15"} {
		var s Signal
		if err := s.Set(text); err != nil || s.String() != "TERM" {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "0", "SIG", "-15", "NONE", "65"} {
		var s Signal
		if err := s.Set(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}
