package main

import (
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

// Whoever changes a help text or a flag runs "go generate ./..." as well.
func TestGeneratedFilesAreFresh(t *testing.T) {
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range all {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(got) != want {
			t.Errorf("%s is stale (%v): run go generate ./...", path, err)
		}
	}
	stale, err := strays(root, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stale {
		t.Errorf("%s is not generated any more: run go generate ./...", path)
	}
}

func TestWriteReplacesWhatIsStale(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"man", "completions"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	gone := filepath.Join(dir, "man/loxctl-gone.1")
	if err := os.WriteFile(gone, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("the page of a verb that is gone is still there: %v", err)
	}
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Errorf("only %d files", len(all))
	}
	for path, want := range all {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestGeneratingTwiceGivesTheSame(t *testing.T) {
	first, err := files()
	if err != nil {
		t.Fatal(err)
	}
	second, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for path := range first {
		if first[path] != second[path] {
			t.Errorf("%s differs from one time to the next", path)
		}
	}
}
