package archtest

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// mayInit names the files that may declare func init, each with its reason.
var mayInit = map[string]string{
	"internal/early/early.go": "it takes the place of all other initialisation, for those who cannot wait for it",
}

func loadModule(t *testing.T) []File {
	t.Helper()
	files, err := Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f File) bool { return f.Path == "internal/archtest/archtest.go" }) {
		t.Fatalf("%d files, and this one is not among them: ../.. is not the root of the module", len(files))
	}
	return files
}

func TestImportsOfTheModule(t *testing.T) {
	for _, complaint := range CheckImports(loadModule(t), Imports) {
		t.Error(complaint)
	}
}

func TestFilesOfTheModule(t *testing.T) {
	files := loadModule(t)
	for _, complaint := range CheckFiles(files, mayInit) {
		t.Error(complaint)
	}
	for name := range mayInit {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == name && f.HasInit }) {
			t.Errorf("%s has no init: take it off the list", name)
		}
	}
}

func TestEveryRuleHasAReason(t *testing.T) {
	for _, rule := range Imports {
		if len(rule.Rooms) == 0 || len(rule.May) == 0 || rule.Why == "" {
			t.Errorf("incomplete rule: %+v", rule)
		}
	}
}

// loadOne makes a tree of one file of a tree and reads it back the way the module is read.
func loadOne(t *testing.T, name, text string) []File {
	t.Helper()
	files, err := Load(fstest.MapFS{name: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestForbiddenImportIsFound breaks each row of the table once.
func TestForbiddenImportIsFound(t *testing.T) {
	tests := []struct{ file, imports string }{
		{"main.go", module + "/engine"},
		{"main.go", "fmt"},
		{"cmd/scatter.go", "os/exec"},
		{"cmd/root.go", "github.com/spf13/viper"},
		{"cmd/root.go", "github.com/fatih/color"},
		{"cmd/root.go", module},
		{"engine/pool.go", "golang.org/x/sync/errgroup"},
		{"engine/pool.go", module + "/internal/proc"},
		{"engine/command/run.go", module + "/engine/shell"},
		{"engine/command/run.go", module + "/cmd"},
		{"engine/command/run_windows.go", module + "/locks"},
		{"engine/shell/run.go", "go.starlark.net/starlark"},
		{"engine/fn/open.go", module + "/pipes"},
		{"engine/wasm/run.go", module + "/engine/starlark"},
		{"engine/starlark/run.go", "github.com/tetratelabs/wazero"},
		{"locks/locks.go", module + "/engine"},
		{"locks/locks.go", module + "/pipes"},
		{"pipes/pipes.go", module + "/locks"},
		{"internal/source/lines.go", module + "/internal/template"},
		{"internal/sink/group.go", module + "/engine/command"},
		{"internal/journal/log.go", module + "/cmd"},
		{"internal/template/parse.go", module + "/internal/sink"},
		{"internal/config/config.go", module + "/internal/term"},
		{"internal/term/color.go", module + "/cmd"},
		{"internal/proc/spawn.go", module + "/engine"},
		{"internal/gen/main.go", module + "/engine"},
		{"internal/bench/main.go", module + "/cmd"},
		{"internal/archtest/rules.go", module + "/cmd"},
		{"internal/early/early.go", "github.com/spf13/pflag"},
		{"internal/hold/hold.go", "regexp"},
		{"internal/shellword/words.go", module + "/internal/template"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.imports, func(t *testing.T) {
			files := loadOne(t, test.file, "package p\n\nimport \""+test.imports+"\"\n")
			got := CheckImports(files, Imports)
			if len(got) != 1 || !strings.HasPrefix(got[0], test.file+": imports ") {
				t.Errorf("complaints: %q", got)
			}
		})
	}
}

func TestPermittedImportPasses(t *testing.T) {
	tests := []struct{ file, imports string }{
		{"main.go", module + "/cmd"},
		{"cmd/scatter.go", module + "/internal/sink"},
		{"cmd/scatter.go", "github.com/spf13/cobra"},
		{"engine/pool.go", "sync/atomic"},
		{"engine/pool_test.go", "golang.org/x/sync/errgroup"},
		{"engine/command/run.go", module + "/internal/spool"},
		{"engine/fn/open.go", module + "/engine/wasm"},
		{"engine/wasm/run.go", "github.com/tetratelabs/wazero/api"},
		{"locks/file/lock.go", "golang.org/x/sys/unix"},
		{"internal/template/parse.go", "github.com/mattn/go-shellwords"},
		{"internal/config/config.go", "github.com/spf13/viper"},
		{"testdata/whatever.go", module + "/cmd"},
		{".hidden/whatever.go", module + "/cmd"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.imports, func(t *testing.T) {
			files := loadOne(t, test.file, "package p\n\nimport \""+test.imports+"\"\n")
			if got := CheckImports(files, Imports); len(got) != 0 {
				t.Errorf("complaints: %q", got)
			}
		})
	}
}

func TestRoomWithoutARuleIsFound(t *testing.T) {
	files := loadOne(t, "internal/attic/attic.go", "package attic\n")
	got := CheckImports(files, Imports)
	if len(got) != 1 || !strings.Contains(got[0], "no rule names the room ./internal/attic") {
		t.Errorf("complaints: %q", got)
	}
}

func TestCheckFiles(t *testing.T) {
	long := "package p\n" + strings.Repeat("\n", maxLines)
	tests := []struct{ name, file, text, want string }{
		{"long", "cmd/a.go", long, "401 lines"},
		{"as long as may be", "cmd/a.go", long[:len(long)-1], ""},
		{"long test", "cmd/a_test.go", long, ""},
		{"init", "cmd/a.go", "package p\n\nfunc init() {}\n", "func init"},
		{"init in a test", "cmd/a_test.go", "package p\n\nfunc init() {}\n", "func init"},
		{"permitted init", "cmd/early.go", "package p\n\nfunc init() {}\n", ""},
		{"method called init", "cmd/a.go", "package p\n\ntype t int\n\nfunc (t) init() {}\n", ""},
		{"empty name", "internal/helpers/a.go", "package helpers\n", "a room called helpers"},
		{"empty name above", "internal/util/text/a.go", "package text\n", "a room called util"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := CheckFiles(loadOne(t, test.file, test.text), map[string]string{"cmd/early.go": "a reason"})
			if strings.Contains(strings.Join(got, "\n"), test.want) && len(got) == min(1, len(test.want)) {
				return
			}
			t.Errorf("complaints: %q, want %q", got, test.want)
		})
	}
}

func TestLoadReportsABrokenFile(t *testing.T) {
	_, err := Load(fstest.MapFS{"cmd/a.go": {Data: []byte("package p\n\nfunc {\n")}})
	if err == nil || !strings.Contains(err.Error(), "cmd/a.go:3") {
		t.Errorf("error: %v", err)
	}
}
