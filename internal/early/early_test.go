package early

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// All that this package imports is initialised before it. What is slow to be
// ready must not be among it.
func TestNothingSlowBeforeUs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/loxctl/loxctl/locks") {
		t.Fatalf("these are not our dependencies: %q", deps)
	}
	for _, dep := range deps {
		for _, slow := range []string{"net", "regexp", "runtime/debug", "text", "vendor", "golang.org/x/text", "github.com/spf13"} {
			if dep == slow || strings.HasPrefix(dep, slow+"/") {
				t.Errorf("%s has to be ready before us", dep)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	for word, want := range map[string]bool{
		"true": true, "/bin/true": true, "./a-b_c.d": true, "g++": true,
		"": false, "cd": false, "if": false, "a b": false, "a;b": false, "$x": false, "~/a": false, "A=b": false, "a*": false,
	} {
		if Plain(word) != want {
			t.Errorf("%q is %v", word, !want)
		}
	}
}

func TestIsTest(t *testing.T) {
	for program, want := range map[string]bool{
		"/tmp/cmd.test": true, "cmd.test.exe": true, "loxctl": false, "/tmp/test": false, "loxctl.exe": false,
	} {
		if isTest(program) != want {
			t.Errorf("%q is %v", program, !want)
		}
	}
}
