//go:build mutant && unix

package locks

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMutants breaks one rule of the turnstile after the other, and the test
// that is named for it must notice. The same tests must pass with nothing
// broken.
func TestMutants(t *testing.T) {
	if mutant != "" {
		t.Skip("one at a time")
	}
	caughtBy := map[string]string{
		"H is not taken":                         "TestChaos/^x,s,s$",
		"the header is rewritten whole":          "TestChaos/^x,A,B$",
		"M is not taken":                         "TestChaos/^tight$",
		"the line byte is locked after M":        "TestChaos/^tight$",
		"P is not taken":                         "TestNamedHeadSleeps",
		"tests ask for a write lock":             "TestNamedTryIgnoresProbes",
		"holders stay in line":                   "TestNamedReadersFollow",
		"release is close":                       "TestNamedReleaseIsForHeirsToo",
		"slots without a writer are not watched": "TestChaos/^fd_sem$",
		"mates are ignored":                      "TestNamedMatesFollow",
	}
	checked := make(map[string]bool)
	for name, test := range caughtBy {
		t.Run(name, func(t *testing.T) {
			if out, failed := runMutant(t, name, test, "1500"); !failed {
				t.Errorf("%s does not notice\n%s", test, out)
			}
			if checked[test] {
				return
			}
			checked[test] = true
			if out, failed := runMutant(t, "", test, "100"); failed {
				t.Errorf("%s fails with nothing broken\n%s", test, out)
			}
		})
	}
}

// runMutant runs a test and reports whether it has failed: by itself, not by a
// crash or for want of time.
func runMutant(t *testing.T, name, test, kills string) (out string, failed bool) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run", "^"+strings.Replace(test, "/", "$/", 1)+"$")
	cmd.Env = append(os.Environ(), "LOXCTL_MUTANT="+name, "LOXCTL_CHAOS_KILLS="+kills)
	text, err := cmd.CombinedOutput()
	if !strings.Contains(string(text), "--- PASS") && !strings.Contains(string(text), "--- FAIL") {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
	return string(text), err != nil
}
