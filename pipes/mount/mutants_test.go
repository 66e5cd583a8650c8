//go:build mutant && linux

package mount

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMutants breaks one rule after the other, and the test that is named for
// it must notice. The same tests must pass with nothing broken.
func TestMutants(t *testing.T) {
	if mutant != "" {
		t.Skip("one at a time")
	}
	caughtBy := map[string]string{
		"the pipe is not shrunk":   "TestOutPosition",
		"the position moves first": "TestOutMountedAgain",
		"the piece is not noted":   "TestOutTakenWithoutPump",
		"the stage is cleared":     "TestOutPumpKilled/later",
		"lines are consumed first": "TestInPumpKilledBeforeItStores",
	}
	for name, test := range caughtBy {
		t.Run(name, func(t *testing.T) {
			if out, failed := runMutant(t, name, test); !failed {
				t.Errorf("%s does not notice\n%s", test, out)
			}
			if out, failed := runMutant(t, "", test); failed {
				t.Errorf("%s fails with nothing broken\n%s", test, out)
			}
		})
	}
}

// runMutant runs a test and reports whether it has failed: by itself, not by a
// crash.
func runMutant(t *testing.T, name, test string) (out string, failed bool) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run", "^"+strings.Replace(test, "/", "$/", 1)+"$")
	cmd.Env = append(os.Environ(), "LOXCTL_MUTANT="+name, "LOXCTL_CHAOS_KILLS=100")
	text, err := cmd.CombinedOutput()
	if !strings.Contains(string(text), "--- PASS") && !strings.Contains(string(text), "--- FAIL") {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
	return string(text), err != nil
}
