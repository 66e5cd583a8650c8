package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart shows what the command line costs: loxctl beside a program
// that does nothing.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	source := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o666); err != nil {
		b.Fatal(err)
	}
	for _, program := range []struct {
		name, source string
		args         []string
	}{
		{"empty", source, nil},
		{"version", "..", []string{"version"}},
		{"help", "..", []string{"help"}},
	} {
		binary := filepath.Join(dir, program.name)
		build := exec.Command("go", "build", "-o", binary, program.source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.Run(program.name, func(b *testing.B) {
			for b.Loop() {
				if err := exec.Command(binary, program.args...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
