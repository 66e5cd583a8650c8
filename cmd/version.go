package cmd

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version is set by the linker when a release is built:
// -ldflags "-X github.com/loxctl/loxctl/cmd.version=1.2.3".
var version string

type versionOptions struct {
	json bool
}

func newVersion(a *app) *cobra.Command {
	var o versionOptions
	c := &cobra.Command{
		Use:               "version",
		Args:              words(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return a.runVersion(o) },
	}
	o.addFlags(c.Flags())
	return c
}

func (o *versionOptions) addFlags(flags *pflag.FlagSet) {
	addGroup(flags, "Output", func(group *pflag.FlagSet) {
		group.BoolVar(&o.json, "json", false, "print a JSON object")
	})
}

func (a *app) runVersion(o versionOptions) error {
	b := thisBuild()
	if !o.json {
		return a.print(b.String() + "\n")
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return a.print(string(text) + "\n")
}

// A build says which loxctl this is.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified"` // there were changes that were not committed
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}

// String is the line that people read.
func (b build) String() string {
	commit := ""
	if b.Commit != "" {
		commit = "commit " + b.Commit[:min(12, len(b.Commit))]
		if b.Modified {
			commit += " and changes"
		}
		commit += ", "
	}
	return fmt.Sprintf("loxctl %s (%s%s, %s/%s)", b.Version, commit, b.Go, b.OS, b.Arch)
}
