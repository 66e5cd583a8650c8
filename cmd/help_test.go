package cmd

import (
	"io/fs"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The pages show what really happens: their examples are run one after the
// other, each page in a directory of its own.
func TestExamples(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	for _, name := range append(pageNames(), "loxctl") {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, example := range page(name).Examples() {
				out, err := subprocess(t, dir, "sh", "-c", example.Command).CombinedOutput()
				if err != nil || string(out) != example.Output {
					t.Errorf("$ %s\n%s(%v)\nbut the page shows\n%s", example.Command, out, err, example.Output)
				}
			}
		})
	}
}

func TestEveryPageHasAPlace(t *testing.T) {
	names := append(pageNames(), "loxctl")
	files, err := fs.Glob(helpTexts, "help/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "help/"), ".txt")
		if !slices.Contains(names, name) {
			t.Errorf("%s: neither a verb nor a topic", file)
		}
	}
	if len(files) != len(names) {
		t.Errorf("%d pages for %d verbs and topics", len(files), len(names))
	}
}

func TestPagesOfVerbs(t *testing.T) {
	for _, v := range verbs() {
		p := page(v.name)
		if p.Name != "loxctl "+v.name || p.Summary == "" {
			t.Errorf("%s: the first line says %q - %q", v.name, p.Name, p.Summary)
		}
		for _, title := range []string{"SYNOPSIS", "DESCRIPTION", "EXAMPLES", "FLAGS", "EXIT STATUS"} {
			if len(p.Section(title).Blocks) == 0 {
				t.Errorf("%s: nothing under %s", v.name, title)
			}
		}
		if got := run(t, nil, v.name, "--help"); got.status != 0 || got != run(t, nil, "help", v.name) {
			t.Errorf("loxctl %s --help prints\n%s%s", v.name, got.stdout, got.stderr)
		}
	}
}

var flagWord = regexp.MustCompile(`(?:^|[\s"(])--([a-z][a-z-]*)`)

// A page must not speak of a flag that does not exist.
func TestPagesNameRealFlags(t *testing.T) {
	known := map[string]bool{"version": true, "then": true} // --then is syntax, as ::: is
	for _, flags := range append(verbFlags(), new(app).globalFlags()) {
		flags.VisitAll(func(flag *pflag.Flag) { known[flag.Name] = true })
	}
	for _, name := range append(pageNames(), "loxctl") {
		for _, section := range page(name).Sections {
			for _, block := range section.Blocks {
				for _, found := range flagWord.FindAllStringSubmatch(strings.Join(block.Lines, "\n"), -1) {
					if !known[found[1]] {
						t.Errorf("%s: there is no --%s", name, found[1])
					}
				}
			}
		}
	}
}

func verbFlags() []*pflag.FlagSet {
	var all []*pflag.FlagSet
	for _, v := range verbs() {
		all = append(all, v.new(new(app)).Flags())
	}
	return all
}

// Whoever pages through help in a narrow window should not have to scroll
// sideways: texts are written for 80 columns.
func TestPagesFitEightyColumns(t *testing.T) {
	for _, name := range append(pageNames(), "loxctl") {
		text := page(name).Text(80, func(s string) string { return s })
		for line := range strings.Lines(text) {
			if n := len(strings.TrimRight(line, "\n")); n > 80 && !strings.HasPrefix(line, "  $ ") {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

func TestOverview(t *testing.T) {
	alone := run(t, nil)
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		if got := run(t, nil, args...); got != alone {
			t.Errorf("loxctl %v prints %+v", args, got)
		}
	}
	if alone.status != 0 || alone.stderr != "" {
		t.Errorf("status %d, stderr %q", alone.status, alone.stderr)
	}
	for _, name := range pageNames() {
		if !strings.Contains(alone.stdout, "\n    "+name+" ") && !strings.Contains(alone.stdout, "\n  "+name+" ") {
			t.Errorf("%s is not in the overview:\n%s", name, alone.stdout)
		}
	}
	if n := len(page("loxctl").Examples()); n != 4 {
		t.Errorf("%d examples", n)
	}
}

func TestHelpIsColoredOnRequest(t *testing.T) {
	const heading = "\x1b[1mSYNOPSIS\x1b["
	if got := run(t, []string{"CLICOLOR_FORCE=1"}, "help", "version").stdout; !strings.Contains(got, heading) {
		t.Errorf("no bold heading in %q", got)
	}
	if got := run(t, []string{"CLICOLOR_FORCE=1"}, "--color=never", "help", "version").stdout; strings.Contains(got, "\x1b") {
		t.Errorf("colour in spite of --color=never: %q", got)
	}
}

func TestFlagItem(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	addGroup(flags, "Stage", func(group *pflag.FlagSet) {
		group.IntP("jobs", "j", 8, "run `N` jobs at a time")
		group.Bool("tag", false, "say whose line it is")
		group.String("shell", "", "use `PATH`")
		group.Lookup("shell").NoOptDefVal = "sh"
		group.IntP("N", "N", 0, "give `n` records")
		group.String("old", "", "another name")
		group.Lookup("old").Hidden = true
	})
	lists := flagLists(flags)
	if len(lists) != 1 || lists[0].Title != "Stage" || len(lists[0].Items) != 4 {
		t.Fatalf("got %+v", lists)
	}
	for i, want := range [][2]string{
		{"-j, --jobs N", "run N jobs at a time (default 8)"},
		{"    --tag", "say whose line it is"},
		{"    --shell[=PATH]", "use PATH"},
		{"-N N", "give n records"},
	} {
		if got := lists[0].Items[i]; got.Term != want[0] || got.Text != want[1] {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
