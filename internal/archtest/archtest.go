// Package archtest holds the rules of the house that no compiler checks: who
// may import whom, how long a file may grow, and what must not be written at
// all. Its test runs them over the whole module.
//
// Files are parsed one by one instead of being listed by the go tool: a
// forbidden import in a file that is built on Windows only is found on Linux
// too, and a tree that does not compile at the moment can still be checked.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// module is the prefix of our own import paths.
const module = "github.com/loxctl/loxctl"

// A File is what the rules look at in one Go file.
type File struct {
	Path    string   // from the root of the module, with slashes
	Imports []string // import paths; our own as "./engine", the root as "."
	Lines   int
	HasInit bool // declares func init
}

// Room is the package's directory, written like an import of ours:
// "./engine/command", or "." for the root.
func (f File) Room() string { return local(path.Dir(f.Path)) }

// IsTest tells whether only go test compiles the file.
func (f File) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Load reads every Go file below the root of tree, whatever its build tags.
// Directories that the go tool passes over (testdata and names that begin with
// a dot or an underscore) are passed over here as well.
func Load(tree fs.FS) ([]File, error) {
	var files []File
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && unseen(entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		file, err := load(tree, name)
		files = append(files, file)
		return err
	})
	return files, err
}

// unseen tells whether the go tool ignores a directory of this name.
func unseen(dir string) bool {
	return dir == "testdata" || dir != "." && strings.ContainsAny(dir[:1], "._")
}

func load(tree fs.FS, name string) (File, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return File{}, err
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	file := File{Path: name, Lines: bytes.Count(text, []byte("\n"))}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return File{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		file.Imports = append(file.Imports, shorten(imported))
	}
	for _, decl := range syntax.Decls {
		f, ok := decl.(*ast.FuncDecl)
		file.HasInit = file.HasInit || ok && f.Recv == nil && f.Name.Name == "init"
	}
	return file, nil
}

// shorten writes an import path of ours as a room and leaves others alone.
func shorten(imported string) string {
	rest, ours := strings.CutPrefix(imported+"/", module+"/")
	if !ours {
		return imported
	}
	return local(strings.TrimSuffix(rest, "/"))
}

// local turns a path below the root into a room.
func local(dir string) string {
	if dir == "" || dir == "." {
		return "."
	}
	return "./" + dir
}
