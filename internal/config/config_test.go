package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// verbFlags are the flags of a verb for tests, and where they write to.
type verbFlags struct {
	*pflag.FlagSet
	jobs  int
	tag   bool
	env   []string
	delay string
	color string
}

func newVerb() *verbFlags {
	v := &verbFlags{FlagSet: pflag.NewFlagSet("", pflag.ContinueOnError)}
	v.IntVarP(&v.jobs, "jobs", "j", 1, "")
	v.BoolVar(&v.tag, "tag", false, "")
	v.StringArrayVar(&v.env, "env", nil, "")
	v.StringVar(&v.delay, "retry-delay", "0s", "")
	v.StringVar(&v.color, "color", "auto", "")
	v.String("config", "", "")
	v.Bool("help", false, "")
	v.IntP("N", "N", 0, "")
	v.String("lb", "", "")
	v.Lookup("lb").Hidden = true
	return v
}

func testKeys() Keys {
	global := pflag.NewFlagSet("", pflag.ContinueOnError)
	global.String("color", "auto", "")
	global.String("config", "", "")
	global.Bool("help", false, "")
	return Keys{"": global, "scatter": newVerb().FlagSet}
}

// place writes files, by their paths below a new directory, and returns where
// a run would look: XDG_CONFIG_HOME is DIR/xdg, the system's files are in
// DIR/etc. DIR in an environ or in file stands for the directory.
func place(t *testing.T, files map[string]string, file string, environ ...string) Places {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	environ = append(environ, "XDG_CONFIG_HOME=DIR/xdg")
	for i := range environ {
		environ[i] = strings.ReplaceAll(environ[i], "DIR", dir)
	}
	return Places{
		File:    strings.ReplaceAll(file, "DIR", dir),
		Environ: environ,
		System:  filepath.Join(dir, "etc"),
	}
}

func TestPrecedence(t *testing.T) {
	files := map[string]string{
		"named.yaml":              "scatter: {jobs: 40}\njobs: 41\n",
		"other.json":              `{"jobs": 50}`,
		"xdg/loxctl/config.toml":  "jobs = 61\n[scatter]\njobs = 60\n",
		"etc/config.yaml":         "jobs: 70\ntag: true\n",
		"etc/somethingelse.yaml":  "nonsense: 1\n",
		"xdg/loxctl/config.yaml~": "nonsense: 1\n",
	}
	for _, tt := range []struct {
		name    string
		args    string
		file    string
		environ []string
		jobs    int
		origin  string // of jobs, DIR for the directory; "" if it is not set
	}{
		{"a flag", "--jobs=2", "DIR/named.yaml", []string{"LOXCTL_SCATTER_JOBS=10"}, 2, "LOXCTL_SCATTER_JOBS"},
		{"a variable for the verb", "", "DIR/named.yaml", []string{"LOXCTL_JOBS=20", "LOXCTL_SCATTER_JOBS=10"}, 10, "LOXCTL_SCATTER_JOBS"},
		{"a variable", "", "DIR/named.yaml", []string{"LOXCTL_JOBS=20"}, 20, "LOXCTL_JOBS"},
		{"an empty variable", "", "DIR/named.yaml", []string{"LOXCTL_JOBS="}, 40, "DIR/named.yaml: scatter.jobs"},
		{"--config", "", "DIR/named.yaml", []string{"LOXCTL_CONFIG=DIR/other.json"}, 40, "DIR/named.yaml: scatter.jobs"},
		{"LOXCTL_CONFIG", "", "", []string{"LOXCTL_CONFIG=DIR/other.json"}, 50, "DIR/other.json: jobs"},
		{"the user's file", "", "", nil, 60, "DIR/xdg/loxctl/config.toml: scatter.jobs"},
		{"no file of the user", "", "", []string{"XDG_CONFIG_HOME=", "HOME=DIR"}, 70, "DIR/etc/config.yaml: jobs"},
		{"the system's file", "", "", []string{"XDG_CONFIG_HOME=/nonexistent"}, 70, "DIR/etc/config.yaml: jobs"},
		{"a relative XDG_CONFIG_HOME", "", "", []string{"XDG_CONFIG_HOME=xdg"}, 70, "DIR/etc/config.yaml: jobs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from := place(t, files, tt.file, tt.environ...)
			if slices.ContainsFunc(tt.environ, func(s string) bool { return strings.HasPrefix(s, "XDG") }) {
				from.Environ = from.Environ[:len(from.Environ)-1]
			}
			s, err := Load(from, testKeys)
			if err != nil {
				t.Fatal(err)
			}
			v := newVerb()
			if err := v.Parse(strings.Fields(tt.args)); err != nil {
				t.Fatal(err)
			}
			if err := s.Fill("scatter", v.FlagSet); err != nil {
				t.Fatal(err)
			}
			if v.jobs != tt.jobs {
				t.Errorf("jobs = %d, want %d", v.jobs, tt.jobs)
			}
			if !v.tag {
				t.Error("tag, which only the system's file has, is not set")
			}
			if v.Changed("jobs") != (tt.args != "") {
				t.Errorf("Changed = %v", v.Changed("jobs"))
			}
			value, _ := s.Lookup("scatter", v.Lookup("jobs"))
			if want := strings.ReplaceAll(tt.origin, "DIR", filepath.Dir(from.System)); value.Origin != want {
				t.Errorf("origin %q, want %q", value.Origin, want)
			}
		})
	}
}

func TestHomeConfig(t *testing.T) {
	from := place(t, map[string]string{".config/loxctl/config.yaml": "jobs: 5\n"}, "", "HOME=DIR")
	from.Environ = from.Environ[:1]
	s, err := Load(from, testKeys)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerb()
	if err := s.Fill("scatter", v.FlagSet); err != nil || v.jobs != 5 {
		t.Errorf("jobs = %d (%v)", v.jobs, err)
	}
}

func TestFormatsAgree(t *testing.T) {
	for name, content := range map[string]string{
		"config.yaml": "color: never\nscatter:\n  jobs: 3\n  tag: true\n  env: [A=1, 'B=x,y']\n  retry-delay: 1.5\n",
		"config.toml": "color = 'never'\n[scatter]\njobs = 3\ntag = true\nenv = ['A=1', 'B=x,y']\nretry-delay = 1.5\n",
		"config.json": `{"color": "never", "scatter": {"jobs": 3, "tag": true, "env": ["A=1", "B=x,y"], "retry-delay": 1.5}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(place(t, map[string]string{"xdg/loxctl/" + name: content}, ""), testKeys)
			if err != nil {
				t.Fatal(err)
			}
			v := newVerb()
			if err := s.Fill("scatter", v.FlagSet); err != nil {
				t.Fatal(err)
			}
			if v.jobs != 3 || !v.tag || v.delay != "1.5" || v.color != "never" || !slices.Equal(v.env, []string{"A=1", "B=x,y"}) {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestKeysWithoutValuesAreAbsent(t *testing.T) {
	s, err := Load(place(t, map[string]string{"xdg/loxctl/config.yaml": "jobs:\nscatter:\n"}, ""), testKeys)
	if err != nil {
		t.Fatal(err)
	}
	if value, ok := s.Lookup("scatter", newVerb().Lookup("jobs")); ok {
		t.Errorf("got %+v", value)
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   map[string]string
		file    string
		environ []string
		want    string // DIR for the directory
	}{
		{"unknown key", map[string]string{"xdg/loxctl/config.yaml": "jbos: 3\n"}, "", nil,
			"DIR/xdg/loxctl/config.yaml: jbos: unknown key"},
		{"unknown key of a verb", map[string]string{"a.toml": "[scatter]\njbos = 3\n"}, "DIR/a.toml", nil,
			"DIR/a.toml: scatter.jbos: unknown key"},
		{"unknown section", map[string]string{"a.json": `{"gather": {"jobs": 3}}`}, "DIR/a.json", nil,
			"DIR/a.json: gather.jobs: unknown key"},
		{"flags that ask", map[string]string{"a.yaml": "help: true\n"}, "DIR/a.yaml", nil,
			"DIR/a.yaml: help: unknown key"},
		{"other names", map[string]string{"a.yaml": "scatter: {lb: true}\n"}, "DIR/a.yaml", nil,
			"DIR/a.yaml: scatter.lb: unknown key"},
		{"flags of one letter", map[string]string{"a.yaml": "scatter: {N: 1}\n"}, "DIR/a.yaml", nil,
			"DIR/a.yaml: scatter.n: unknown key"},
		{"value for a section", map[string]string{"a.yaml": "scatter: 4\n"}, "DIR/a.yaml", nil,
			`DIR/a.yaml: scatter: "4": must be a section with the flags of this verb`},
		{"section for a value", map[string]string{"a.yaml": "jobs: {now: 4}\n"}, "DIR/a.yaml", nil,
			"DIR/a.yaml: jobs.now: unknown key"},
		{"bad value", map[string]string{"a.yaml": "jobs: many\n"}, "DIR/a.yaml", nil,
			`DIR/a.yaml: jobs: "many": must be an integer`},
		{"bad variable", nil, "", []string{"LOXCTL_JOBS=many"},
			`LOXCTL_JOBS: "many": must be an integer`},
		{"list for one value", map[string]string{"a.yaml": "jobs: [1, 2]\n"}, "DIR/a.yaml", nil,
			`DIR/a.yaml: jobs: "1, 2": must be one value`},
		{"nested list", map[string]string{"a.yaml": "scatter: {env: [[a]]}\n"}, "DIR/a.yaml", nil,
			`DIR/a.yaml: scatter.env: "[[a]]": must be a word, a number, true or false`},
		{"date", map[string]string{"a.toml": "jobs = 2020-01-01\n"}, "DIR/a.toml", nil,
			`DIR/a.toml: jobs: "2020-01-01": must be a word, a number, true or false`},
		{"broken YAML", map[string]string{"a.yaml": "jobs: [\n"}, "DIR/a.yaml", nil,
			"DIR/a.yaml: yaml: line 1: did not find expected node content"},
		{"missing file", nil, "DIR/a.yaml", nil, "DIR/a.yaml: no such file or directory"},
		{"missing LOXCTL_CONFIG", nil, "", []string{"LOXCTL_CONFIG=DIR/a.yaml"}, "DIR/a.yaml: no such file or directory"},
		{"unknown format", map[string]string{"a.ini": ""}, "DIR/a.ini", nil,
			"DIR/a.ini: the name must end in .yaml, .toml, .json"},
		{"two files", map[string]string{"etc/config.yaml": "", "etc/config.json": "{}"}, "", nil,
			"DIR/etc/config.json: DIR/etc/config.yaml is there too, only one can be right"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from := place(t, tt.files, tt.file, tt.environ...)
			s, err := Load(from, testKeys)
			if err == nil {
				err = s.Fill("scatter", newVerb().FlagSet)
			}
			want := strings.ReplaceAll(tt.want, "DIR", filepath.Dir(from.System))
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestUnknownKeySaysWhatIsAllowed(t *testing.T) {
	for content, want := range map[string][]string{
		"jbos: 3\n":            {"color", "env", "jobs", "retry-delay", "scatter", "tag"},
		"scatter: {jbos: 3}\n": {"color", "env", "jobs", "retry-delay", "tag"},
	} {
		_, err := Load(place(t, map[string]string{"a.yaml": content}, "DIR/a.yaml"), testKeys)
		var key *KeyError
		if !errors.As(err, &key) || key.Name != "jbos" || !slices.Equal(key.Allowed, want) {
			t.Errorf("%s: got %+v", content, key)
		}
	}
}

// What loxctl sets for its jobs must not become a flag of a loxctl that a job
// calls, even if a verb has a flag of that name.
func TestReservedVariables(t *testing.T) {
	for name := range reserved {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))
		flags.String(flag, "", "")
		s, err := Load(Places{Environ: []string{name + "=x.yaml", "LOXCTL_CONFIG="}}, testKeys)
		if err != nil {
			t.Fatal(err)
		}
		if value, ok := s.Lookup("scatter", flags.Lookup(flag)); ok {
			t.Errorf("%s is taken for --%s: %v", name, flag, value)
		}
	}
}

func TestNothingToReadAsksForNothing(t *testing.T) {
	from := place(t, nil, "", "PATH=/bin", "LOXCTL_SEQ=4", "LOXCTLJOBS=3")
	s, err := Load(from, func() Keys {
		t.Error("the keys were asked for although there is no file")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.env) > 0 || len(s.files) > 0 {
		t.Errorf("got %+v", s)
	}
}

// A file in the current directory may be anybody's.
func TestCurrentDirectoryIsNotRead(t *testing.T) {
	from := place(t, map[string]string{"config.yaml": "jobs: 9\n", "loxctl/config.yaml": "jobs: 9\n"}, "")
	t.Chdir(filepath.Dir(from.System))
	for _, environ := range [][]string{nil, {"HOME="}, {"HOME=.", "XDG_CONFIG_HOME=."}, {"XDG_CONFIG_HOME="}} {
		s, err := Load(Places{Environ: environ}, testKeys)
		if err != nil || len(s.files) > 0 {
			t.Errorf("%v: got %+v (%v)", environ, s, err)
		}
	}
}
