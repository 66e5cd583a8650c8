//go:build unix

package locks

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// partVariable names the part that the test binary shall play instead of
// running tests; planVariable says how, in JSON.
const (
	partVariable = "LOXCTL_TEST_PART"
	planVariable = "LOXCTL_TEST_PLAN"
)

// TestMain lets the test binary play the other processes of a test.
func TestMain(m *testing.M) {
	var part func() error
	switch os.Getenv(partVariable) {
	case "":
		os.Exit(m.Run())
	case "chaos worker":
		part = chaosWorker
	case "launcher":
		part = launcher
	case "keeper":
		part = keeper
	case "holder":
		part = holder
	case "heir":
		part = inherit
	case "looper":
		part = looper
	case "relay":
		part = relay
	}
	if err := part(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(0)
}

// play returns the command of a process that plays a part of a test.
func play(part string, plan any) *exec.Cmd {
	text, err := json.Marshal(plan)
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", // the race detector would end a second later
		partVariable+"="+part, planVariable+"="+string(text))
	return cmd
}

// readPlan is how the process learns what its part is about.
func readPlan(plan any) error { return json.Unmarshal([]byte(os.Getenv(planVariable)), plan) }
