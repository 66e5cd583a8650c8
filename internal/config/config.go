// Package config fills flags that were not given from LOXCTL_* variables and
// configuration files. It is the one home of viper, which is touched only if
// there is a file to read.
//
// A value is looked for in LOXCTL_VERB_FLAG, LOXCTL_FLAG, the file of --config
// or LOXCTL_CONFIG, the user's file and the system's; in a file under
// "verb: {flag: …}" first, then under "flag: …". A file in the current
// directory is never read unless it is named: it might be somebody else's.
package config

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Places says where values may come from.
type Places struct {
	File    string   // --config; "" if it was not given
	Environ []string // as os.Environ gives it
	System  string   // directory of the system's file; "" for none
}

// SystemDir returns the directory of the system's file; "" if this system has
// no such place.
func SystemDir() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	return "/etc/loxctl"
}

// Keys are the flags that a configuration may set: those of every verb, and
// under "" those that all verbs have.
type Keys map[string]*pflag.FlagSet

// Settings are the values found. The zero value holds none.
type Settings struct {
	env   map[string]string // LOXCTL_* variables that may be flag values
	files []file            // the first to hold a key decides
}

// Load reads what there is. keys is called only if there is a file, to know
// what may stand in it.
func Load(from Places, keys func() Keys) (Settings, error) {
	env := environ(from.Environ)
	paths, err := from.files(env)
	if err != nil {
		return Settings{}, err
	}
	var s Settings
	for _, path := range paths {
		f, err := read(path)
		if err != nil {
			return Settings{}, err
		}
		if err := f.check(keys()); err != nil {
			return Settings{}, err
		}
		s.files = append(s.files, f)
	}
	for name := range env {
		if !strings.HasPrefix(name, prefix) || reserved[name] || env[name] == "" {
			delete(env, name)
		}
	}
	s.env = env
	return s, nil
}

const prefix = "LOXCTL_"

// reserved variables have a meaning of their own, or are set for jobs: what a
// job inherits must not become a flag of the loxctl that it calls.
var reserved = map[string]bool{
	"LOXCTL_ATTEMPT": true, "LOXCTL_CAPACITY": true, "LOXCTL_CONFIG": true,
	"LOXCTL_FN_PATH": true, "LOXCTL_HELD": true, "LOXCTL_HOME": true,
	"LOXCTL_INDEX": true, "LOXCTL_KIND": true, "LOXCTL_LOCK_FD": true,
	"LOXCTL_MODE": true, "LOXCTL_MSG_JID": true, "LOXCTL_MSG_NAME": true,
	"LOXCTL_MSG_SEQ": true, "LOXCTL_MSG_TIME": true, "LOXCTL_MSG_TRIES": true,
	"LOXCTL_NAME": true, "LOXCTL_RUN": true,
	"LOXCTL_SEQ": true, "LOXCTL_SHELL": true, "LOXCTL_SLOT": true,
	"LOXCTL_STAGE": true, "LOXCTL_TOKEN": true, "LOXCTL_TREE": true,
	"LOXCTL_WAIT_MS": true,
}

// environ keeps the variables that matter here.
func environ(list []string) map[string]string {
	env := make(map[string]string)
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case "XDG_CONFIG_HOME", "HOME", "APPDATA":
			env[name] = value
		default:
			if strings.HasPrefix(name, prefix) {
				env[name] = value
			}
		}
	}
	return env
}

// files lists the files to read, the most important first.
func (p Places) files(env map[string]string) ([]string, error) {
	var paths []string
	if named := cmp.Or(p.File, env["LOXCTL_CONFIG"]); named != "" {
		paths = append(paths, named)
	}
	for _, dir := range []string{userDir(env), p.System} {
		path, err := fileIn(dir)
		if err != nil {
			return nil, err
		}
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// userDir is where the user's file is; "" if there is no such place. A
// relative path would mean the current directory and is ignored, as the XDG
// base directory specification wants it.
func userDir(env map[string]string) string {
	base := env["XDG_CONFIG_HOME"]
	switch {
	case filepath.IsAbs(base):
	case runtime.GOOS == "windows":
		base = env["APPDATA"]
	default:
		base = filepath.Join(env["HOME"], ".config")
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, "loxctl")
}

// fileIn returns the configuration file in dir, "" if there is none. A
// directory that cannot be searched has none: under su, HOME may be another
// user's.
func fileIn(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	if _, err := os.Stat(dir); err != nil {
		return "", nil // the usual case, for the price of one call
	}
	var found string
	for _, ext := range formats {
		path := filepath.Join(dir, "config"+ext)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if found != "" {
			return "", &FileError{File: path, Why: found + " is there too, only one can be right"}
		}
		found = path
	}
	return found, nil
}

// A Value is what a configuration says about a flag.
type Value struct {
	Words  []string // one, or the elements of a list
	Origin string   // the variable, or the file and the key
}

// Lookup finds the value of a verb's flag.
func (s Settings) Lookup(verb string, flag *pflag.Flag) (Value, bool) {
	if !Settable(flag) {
		return Value{}, false
	}
	for _, key := range []string{verb + "." + flag.Name, flag.Name} {
		if name := Variable(key); s.env[name] != "" {
			return Value{Words: []string{s.env[name]}, Origin: name}, true
		}
	}
	for _, f := range s.files {
		for _, key := range []string{verb + "." + flag.Name, flag.Name} {
			if words := f.values[key]; words != nil {
				return Value{Words: words, Origin: f.path + ": " + key}, true
			}
		}
	}
	return Value{}, false
}

// Fill sets the flags of verb that were not given. They do not count as
// Changed: whoever asks for that means the command line.
func (s Settings) Fill(verb string, flags *pflag.FlagSet) error {
	if len(s.env) == 0 && len(s.files) == 0 {
		return nil
	}
	var err error
	flags.VisitAll(func(flag *pflag.Flag) {
		if value, ok := s.Lookup(verb, flag); ok && !flag.Changed && err == nil {
			err = value.set(flag)
		}
	})
	return err
}

func (v Value) set(flag *pflag.Flag) error {
	if _, ok := flag.Value.(pflag.SliceValue); !ok && len(v.Words) > 1 {
		return &ValueError{Origin: v.Origin, Value: strings.Join(v.Words, ", "), Err: errOneValue}
	}
	for _, word := range v.Words {
		if err := flag.Value.Set(word); err != nil {
			return &ValueError{Origin: v.Origin, Value: word, Err: err}
		}
	}
	return nil
}

var errOneValue = errors.New("must be one value")

// Settable tells whether a configuration may set a flag: not those that ask a
// question, nor other names of a flag, which are hidden, nor those of one
// letter, which say too little in a file and clash as variables.
func Settable(flag *pflag.Flag) bool {
	switch flag.Name {
	case "help", "version", "config":
		return false
	}
	return len(flag.Name) > 1 && !flag.Hidden && flag.Deprecated == ""
}

// Variable returns the variable for a key, of which LOXCTL_SCATTER_JOBS for
// "scatter.jobs" is an example. A reserved one is never a flag's.
func Variable(key string) string {
	return prefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(key))
}

// names lists the keys that may stand at the top of a file, or in the section
// of a verb.
func (k Keys) names(verb string) []string {
	names := make(map[string]bool)
	for name, flags := range k {
		if verb != "" && name != verb && name != "" {
			continue
		}
		flags.VisitAll(func(flag *pflag.Flag) {
			if Settable(flag) {
				names[flag.Name] = true
			}
		})
		if verb == "" && name != "" {
			names[name] = true // its section
		}
	}
	return slices.Sorted(maps.Keys(names))
}
