package hold

import (
	"slices"
	"strconv"
	"strings"
)

// conflicts are flags of which only one can be.
var conflicts = [][2]string{
	{"wait", "try"}, {"verbose", "quiet"}, {"shared", "exclusive"}, {"exec", "max-hold"}, {"exec", "pdeathsig"},
	{"exec", "close"}, {"bg", "exec"}, {"bg", "pdeathsig"}, {"bg", "reentrant"},
}

// needs are flags that mean nothing without one of some others.
var needs = []struct {
	flag string
	one  []string
}{
	{"prefer", []string{"shared"}},
	{"kill-after", []string{"max-hold"}},
	{"conflict-exit-code", []string{"wait", "try"}},
}

// Check finds flags that cannot be meant: where and why; "" if there are none,
// and o then is as it is meant.
func (o *Options) Check(given func(flag string) bool) (what, why string) {
	for _, pair := range conflicts {
		if given(pair[0]) && given(pair[1]) {
			return "--" + pair[0], "cannot be given with --" + pair[1]
		}
	}
	for _, need := range needs {
		if given(need.flag) && !slices.ContainsFunc(need.one, given) {
			return "--" + need.flag, "needs --" + strings.Join(need.one, " or --")
		}
	}
	o.Wait.Limited = given("wait") || o.Wait.Try
	o.Wait.Try = o.Wait.Try || given("wait") && o.Wait.Wait == 0
	return o.checkValues(given)
}

func (o *Options) checkValues(given func(flag string) bool) (what, why string) {
	switch {
	case o.Wait.Code < 0 || o.Wait.Code > 255:
		return "--conflict-exit-code", strconv.Itoa(o.Wait.Code) + " is not from 0 to 255"
	case given("slots") && (o.Mode.Slots < 1 || o.Mode.Slots > 1024):
		return "--slots", strconv.Itoa(o.Mode.Slots) + " is not from 1 to 1024"
	case given("over") && o.Mode.Over == "":
		return "--over", "is empty"
	case given("max-hold") && o.Command.MaxHold == 0:
		return "--max-hold", "0 is too short"
	case given("command") && strings.TrimSpace(o.Command.Line) == "":
		return "--command", "is blank"
	}
	return "", ""
}
