package template

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pieces of shell lines that FuzzNoEscape puts together.
var linePieces = []string{
	"{}", " ", "{}", "'", "\"", "`", "$(", ")", "${z:-", "${z#", "${z", "}", "$((", "((", "))", "$[", "]", "case a in",
	"a)", ";;", "esac", "#", "\n", "\\", "z=", "z[", "]=", "z+=(", "$z", "$z[", "$", "$'", "\\'", "<<<", "<", ">o", "|",
	"&", ";", "if", "then", "fi", "{", "; }", "f()", "!", "for i in", "do", "done", "x", "\\`", "\\\"", "\\$", "0", "+",
	"@(", "<(", "[[", "]]", "~", "=", "&&", "${z/", "${z:", "${#z", "$\"", "$$", "$#", "{1}", "(", "( ", "while", "%",
	"*", "echo", "[", "in", "{#}", "-", "\t", "((z=", "time", "function f", "${", "${(", "=(",
	"$?", "$!", "$-", "$@", "$*", "$1", "${x-",
}

// escapes are values that create ../ESCAPED if a shell reads them. Those that
// did it most often are first.
var escapes = []string{
	"\\'\n:>../ESCAPED\n#", "))\n:>../ESCAPED\n", "$(:>../ESCAPED)", "'$(:>../ESCAPED)'",
	"`:>../ESCAPED`", "';:>../ESCAPED;'", "\";:>../ESCAPED;\"", ")\n:>../ESCAPED\n",
	"\"$(:>../ESCAPED)\"", "}\n:>../ESCAPED\n", "z[$(:>../ESCAPED)0]", "]=\n:>../ESCAPED\n", "\n;;esac\n:>../ESCAPED\n", "x=(\n:>../ESCAPED",
}

// FuzzNoEscape puts values into lines that may make no sense at all. Whatever
// a shell does with the line, it must not run the value.
func FuzzNoEscape(f *testing.F) {
	for _, line := range []string{
		"z[ {}", "z[{}$( a)while) case a in {}]= for i in ", "esac[[{ x ", "z[ ) z+=({} ]a)\n ", "thenz+=(|) ", "z[ #];;|for",
		"z+=(@( && a)) done", "$[{}]", "((z={}))", "$((z[{}]))", "${z['{}']}", "$'\\'{}'", "$\"{}\"", "${z:-'{}'\"{}\"}",
		"`$z[ \\0`select $${}0$", "{}$${1}$z[&&echo& ", "]% }$${}",
	} {
		for value := range 4 {
			f.Add(linePiecesOf(line), byte(value))
		}
	}
	f.Fuzz(func(t *testing.T, choices []byte, value byte) {
		if len(choices) > 30 {
			t.Skip()
		}
		var line strings.Builder
		for _, c := range choices {
			line.WriteString(linePieces[int(c)%len(linePieces)])
		}
		checkNoEscape(t, line.String(), escapes[int(value)%len(escapes)])
	})
}

// linePiecesOf chooses the longest pieces that make line; what is in none of
// them is left out.
func linePiecesOf(line string) []byte {
	var choices []byte
	for line != "" {
		best := -1
		for i, p := range linePieces {
			if strings.HasPrefix(line, p) && (best < 0 || len(p) > len(linePieces[best])) {
				best = i
			}
		}
		if best < 0 {
			line = line[1:]
			continue
		}
		choices = append(choices, byte(best))
		line = line[len(linePieces[best]):]
	}
	return choices
}

func checkNoEscape(t *testing.T, line, value string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cwd")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells() {
		tm, err := Compile([]string{line}, Options{Mode: Shell, Shell: shell})
		if err != nil {
			continue
		}
		var w Words
		if tm.Append(&w, &Values{Args: []string{value}}) != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		c := exec.CommandContext(ctx, shell, w.Argv()[1:]...)
		c.Dir, c.Env, c.WaitDelay = dir, []string{"PATH=/nonexistent", "z=q"}, time.Second
		runGroup(c)
		cancel()
		if _, err := os.Stat(filepath.Join(dir, "../ESCAPED")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s ran a value, %v\nline %q\nran  %q", shell, err, line, tm.Text(&w))
		}
	}
}
