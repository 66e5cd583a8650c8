package pipes

import (
	"os"
	"os/exec"
	"testing"
)

// partVariable names the part that the test binary shall play instead of
// running tests.
const partVariable = "LOXCTL_TEST_PART"

// helpers are the parts that the test binary can play, by name. They end the
// process themselves if something is wrong.
var helpers = map[string]func(args []string){}

// helper adds a part. Test files call it like this:
//
//	var _ = helper("publisher", playPublisher)
func helper(name string, play func(args []string)) bool {
	helpers[name] = play
	return true
}

// TestMain lets the test binary play the other processes of a test.
func TestMain(m *testing.M) {
	part := os.Getenv(partVariable)
	if part == "" {
		os.Exit(m.Run())
	}
	play := helpers[part]
	if play == nil {
		println("nobody plays the part", part)
		os.Exit(2)
	}
	play(os.Args[1:])
	os.Exit(0)
}

// play returns the command of a process that plays a part.
func play(part string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", // the race detector would end a second later
		partVariable+"="+part)
	cmd.Stderr = os.Stderr
	return cmd
}
