// Gen writes the man pages and the completion scripts from the command tree
// and the help texts. It runs from the root of the repository, by
// "go generate ./...".
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/loxctl/loxctl/cmd"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// files returns what is generated, by its path in the repository. The same
// sources give the same bytes.
func files() (map[string]string, error) {
	all := make(map[string]string)
	for name, page := range cmd.ManPages() {
		all["man/"+name] = page
	}
	root := cmd.Root()
	scripts := map[string]func(io.Writer) error{
		"_loxctl":     root.GenZshCompletion,
		"loxctl.fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"loxctl.ps1":  root.GenPowerShellCompletionWithDesc,
	}
	for name, generate := range scripts {
		var script bytes.Buffer
		if err := generate(&script); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all["completions/"+name] = script.String()
	}
	return all, nil
}

// write brings the repository at root up to date: it writes the files, and
// removes man pages of verbs that are gone.
func write(root string) error {
	all, err := files()
	if err != nil {
		return err
	}
	stale, err := strays(root, all)
	if err != nil {
		return err
	}
	for _, path := range stale {
		err = errors.Join(err, os.Remove(filepath.Join(root, path)))
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		err = errors.Join(err, os.WriteFile(filepath.Join(root, path), []byte(all[path]), 0o644))
	}
	return err
}

// strays returns the man pages under root that are not generated any more.
func strays(root string, all map[string]string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "man"))
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		path := "man/" + entry.Name()
		if _, ok := all[path]; !ok {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
