package hold

import "testing"

func FuzzEntry(f *testing.F) {
	f.Add("lock:exclusive:17:db")
	f.Add("lock:switch=a%2F:17:d%3Ab")
	f.Add("::1:")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := ParseEntry(text)
		if !ok {
			return
		}
		if again, ok := ParseEntry(e.String()); !ok || again != e {
			t.Errorf("%q is %+v, which is %+v when written and read", text, e, again)
		}
	})
}
