package cmd

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCompletionPrintsScripts(t *testing.T) {
	for _, shell := range shells {
		want, err := os.ReadFile("../completions/" + shell.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, nil, "completion", shell.name); got.status != 0 || got.stdout != string(want) {
			t.Errorf("%s: status %d, %d bytes", shell.name, got.status, len(got.stdout))
		}
	}
}

// A bash without the bash-completion package is told what readline would have
// told it: the line, the cursor, and the line cut at COMP_WORDBREAKS.
const bashTrial = `
source ../completions/loxctl.bash
COMP_LINE=$1 COMP_POINT=$2 COMP_CWORD=$3
shift 3
COMP_WORDS=("$@")
_loxctl loxctl
printf '%s\n' "${COMPREPLY[@]}"
`

func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		line  string   // | is the cursor
		words []string // as bash cuts it; the last one under the cursor
		want  string   // in any order
	}{
		{"loxctl sc|", []string{"loxctl", "sc"}, "scatter"},
		{"loxctl |", []string{"loxctl", ""}, "announce completion config funnel gc help lock ls scatter sem switch version"},
		{"loxctl completion |", []string{"loxctl", "completion", ""}, "bash fish powershell zsh"},
		{"loxctl help pla|", []string{"loxctl", "help", "pla"}, "placeholders"},
		{"loxctl --co|", []string{"loxctl", "--co"}, "--color --config"},
		{"loxctl --color |", []string{"loxctl", "--color", ""}, "always auto never"},
		{"loxctl --color=|", []string{"loxctl", "--color", "="}, "always auto never"},
		{"loxctl --color=n|", []string{"loxctl", "--color", "=", "n"}, "never"},
		{"loxctl  scatter   --color=n|", []string{"loxctl", "scatter", "--color", "=", "n"}, "never"},
		{"loxctl --color=n| help", []string{"loxctl", "--color", "=", "n"}, "never"},
		{"loxctl --color=n|ever", []string{"loxctl", "--color", "=", "never"}, "never"},
		{"loxctl scatter --color=never echo --co|", []string{"loxctl", "scatter", "--color", "=", "never", "echo", "--co"}, ""},
		{"loxctl scatter echo a:b c:|", []string{"loxctl", "scatter", "echo", "a", ":", "b", "c", ":"}, ""},
		{"loxctl nonsense |", []string{"loxctl", "nonsense", ""}, ""},
		{"loxctl version |", []string{"loxctl", "version", ""}, ""},
	} {
		before, after, _ := strings.Cut(tt.line, "|")
		args := []string{"--norc", "--noprofile", "-c", bashTrial, "bash",
			before + after, strconv.Itoa(len(before)), strconv.Itoa(len(tt.words) - 1)}
		out, err := exec.Command(bash, append(args, tt.words...)...).CombinedOutput()
		choices := strings.Fields(string(out))
		slices.Sort(choices)
		got := strings.Join(choices, " ")
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q (%v), want %q", tt.line, got, err, tt.want)
		}
	}
}

// Where = does not break words, what is replaced is the whole word.
func TestBashCompletionOfUnbrokenWord(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(bash, "--norc", "--noprofile", "-c", "COMP_WORDBREAKS=' '\n"+bashTrial, "bash",
		"loxctl --color=n", "16", "1", "loxctl", "--color=n").CombinedOutput()
	if err != nil || string(out) != "--color=never\n" {
		t.Errorf("got %q (%v)", out, err)
	}
}

func TestZshAndFishCanReadTheirScripts(t *testing.T) {
	for shell, file := range map[string]string{"zsh": "_loxctl", "fish": "loxctl.fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("skipped: %v", err)
			continue
		}
		if out, err := exec.Command(path, "-n", "../completions/"+file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}
