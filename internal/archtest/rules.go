package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A Rule says what the packages of some rooms may import. A pattern is a path,
// or a path and "/..." for it and everything below it; "./..." is every
// package of ours and "std" is the standard library.
type Rule struct {
	Rooms []string // whom it is about
	May   []string // what they may import
	Never []string // what they may not import although May covers it
	Why   string
}

// Imports is the table "who may import whom". The first rule that names a room
// decides; a room that no rule names is a mistake, so that a new one is
// thought about once. Only files that are part of a build are held to it: a
// test may compare with whatever it likes.
var Imports = []Rule{
	{
		Rooms: []string{"."},
		May:   []string{"os", "./cmd"},
		Why:   "main is one expression, everything else has a room",
	},
	{
		Rooms: []string{"./cmd"},
		May:   []string{"std", "./...", "github.com/spf13/cobra/...", "github.com/spf13/pflag"},
		Never: []string{"os/exec", "."},
		Why:   "the command line is a skin: processes belong to internal/proc, viper to internal/config, colour to internal/term",
	},
	{
		Rooms: []string{"./engine"},
		May:   []string{"std"},
		Why:   "the library is the standard library and its own code, so that anybody can import it",
	},
	{
		Rooms: []string{"./engine/fn"},
		May:   []string{"std", "./engine/...", "./internal/proc", "./internal/spool"},
		Why:   "fn opens the right runner and knows all of them, but neither the command line nor the other libraries",
	},
	{
		Rooms: []string{"./engine/wasm"},
		May:   []string{"std", "./engine", "./internal/proc", "./internal/spool", "github.com/tetratelabs/wazero/..."},
		Why:   "a runner knows the engine, processes, spools and its own dependency",
	},
	{
		Rooms: []string{"./engine/starlark"},
		May:   []string{"std", "./engine", "./internal/proc", "./internal/spool", "go.starlark.net/..."},
		Why:   "a runner knows the engine, processes, spools and its own dependency",
	},
	{
		Rooms: []string{"./engine/..."},
		May:   []string{"std", "./engine", "./internal/proc", "./internal/spool"},
		Why:   "a runner knows the engine, processes and spools; runners do not know each other, only engine/fn does",
	},
	{
		Rooms: []string{"./pipes/mount"},
		May:   []string{"std", "golang.org/x/sys/...", "./pipes", "./internal/state", "./internal/proc"},
		Why:   "a mount copies between FIFOs and the pipes it is given",
	},
	{
		Rooms: []string{"./locks/...", "./pipes/..."},
		May:   []string{"std", "golang.org/x/sys/...", "./internal/state", "./internal/proc"},
		Why:   "locks and pipes are libraries of their own: not of each other, the engine or the command line",
	},
	{
		Rooms: []string{"./internal/sink"},
		May:   []string{"std", "./engine", "./internal/spool", "golang.org/x/sys/..."},
		Why:   "a sink knows the engine's values and the spool its output waits in",
	},
	{
		Rooms: []string{"./internal/source", "./internal/journal"},
		May:   []string{"std", "./engine"},
		Why:   "sources and sinks meet in cmd only, and know nothing but the engine's values",
	},
	{
		Rooms: []string{"./internal/template"},
		May:   []string{"std", "./engine", "./internal/shellword", "github.com/mattn/go-shellwords"},
		Why:   "templates are the one home of shellwords, and know nothing but the engine's values",
	},
	{
		Rooms: []string{"./internal/chain"},
		May:   []string{"std"},
		Why:   "how stages hang together has nothing to do with how they run",
	},
	{
		Rooms: []string{"./internal/config"},
		May:   []string{"std", "github.com/spf13/viper/...", "github.com/spf13/pflag"},
		Why:   "config fills flags that were not given, it does not know what they are for",
	},
	{
		Rooms: []string{"./internal/term"},
		May:   []string{"std", "github.com/fatih/color", "golang.org/x/term", "golang.org/x/sys/..."},
		Why:   "term is the one home of colour, and does not know what is printed",
	},
	{
		Rooms: []string{"./internal/early", "./internal/hold", "./internal/value"},
		May:   []string{"std", "./locks", "./internal/hold", "./internal/value", "./internal/shellword", "./internal/proc", "./internal/state"},
		Never: []string{"net/...", "regexp/...", "text/...", "encoding/json"},
		Why:   "what serves a lock before the program is initialised waits for nothing that is slow to be ready",
	},
	{
		Rooms: []string{"./internal/shellword"},
		May:   []string{"std"},
		Why:   "words of shells are only words",
	},
	{
		Rooms: []string{"./internal/proc", "./internal/spool", "./internal/state"},
		May:   []string{"std", "golang.org/x/sys/..."},
		Why:   "what touches the operating system lies at the bottom of the house",
	},
	{
		Rooms: []string{"./internal/manual", "./completions"},
		May:   []string{"std"},
		Why:   "what is embedded and how a page is set does not depend on the program",
	},
	{
		Rooms: []string{"./internal/gen"},
		May:   []string{"std", "./cmd", "./internal/manual", "github.com/spf13/cobra/...", "github.com/spf13/pflag"},
		Why:   "man pages and completions are made from the command tree alone",
	},
	{
		Rooms: []string{"./internal/bench"},
		May:   []string{"std", "golang.org/x/sys/..."},
		Why:   "a benchmark measures the binary from outside, beside the peers",
	},
	{
		Rooms: []string{"./internal/archtest"},
		May:   []string{"std"},
		Why:   "the judge is nobody's neighbour",
	},
}

// matches tells whether pattern covers path.
func matches(pattern, imported string) bool {
	if pattern == "std" {
		first, _, _ := strings.Cut(imported, "/")
		return !strings.Contains(first, ".")
	}
	prefix, tree := strings.CutSuffix(pattern, "/...")
	return imported == prefix || tree && strings.HasPrefix(imported, prefix+"/")
}

func covered(patterns []string, imported string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, imported) })
}

// CheckImports returns a complaint for every import in files that table does
// not permit, and for every room that it does not name.
func CheckImports(files []File, table []Rule) []string {
	var complaints []string
	for _, file := range files {
		if file.IsTest() {
			continue
		}
		i := slices.IndexFunc(table, func(r Rule) bool { return covered(r.Rooms, file.Room()) })
		if i < 0 {
			complaints = append(complaints, fmt.Sprintf("%s: no rule names the room %s: say who it may know", file.Path, file.Room()))
			continue
		}
		for _, imported := range file.Imports {
			if !covered(table[i].May, imported) || covered(table[i].Never, imported) {
				complaints = append(complaints, fmt.Sprintf("%s: imports %s: %s", file.Path, imported, table[i].Why))
			}
		}
	}
	return complaints
}

// maxLines is how long a file of one idea gets; tests and their tables may be
// longer.
const maxLines = 400

// CheckFiles returns a complaint for every file that is too long, every
// func init and every room whose name says nothing. An entry of mayInit allows
// a file its init, with the reason.
func CheckFiles(files []File, mayInit map[string]string) []string {
	var complaints []string
	for _, file := range files {
		if file.Lines > maxLines && !file.IsTest() {
			complaints = append(complaints, fmt.Sprintf("%s: %d lines, %d are enough for one idea", file.Path, file.Lines, maxLines))
		}
		if file.HasInit && mayInit[file.Path] == "" {
			complaints = append(complaints, fmt.Sprintf("%s: func init: every start pays for it, also those that do not need it", file.Path))
		}
		for name := range strings.SplitSeq(path.Dir(file.Path), "/") {
			if slices.Contains(empty, name) {
				complaints = append(complaints, fmt.Sprintf("%s: a room called %s: name it for its idea", file.Path, name))
			}
		}
	}
	return complaints
}

// empty are the names of packages that do not say what is in them.
var empty = []string{"util", "utils", "common", "helper", "helpers", "misc"}
