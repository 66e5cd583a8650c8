package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
)

// formats are the endings of configuration files, which tell their format.
var formats = []string{".yaml", ".toml", ".json"}

// A file is what a configuration file says: the words of each key, where
// "verb.flag" is the key of a flag in a verb's section.
type file struct {
	path   string
	values map[string][]string
}

func read(path string) (file, error) {
	format := filepath.Ext(path)
	if !slices.Contains(formats, format) {
		return file{}, &FileError{File: path, Why: "the name must end in " + strings.Join(formats, ", ")}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return file{}, &FileError{File: path, Why: err.Error()}
	}
	v := viper.New()
	v.SetConfigType(format[1:])
	if err := v.ReadConfig(bytes.NewReader(content)); err != nil {
		var parse viper.ConfigParseError
		if errors.As(err, &parse) {
			err = parse.Unwrap()
		}
		return file{}, &FileError{File: path, Why: oneLine(err.Error())}
	}
	return values(path, v)
}

// values takes the words out of what viper has read.
func values(path string, v *viper.Viper) (file, error) {
	f := file{path: path, values: make(map[string][]string)}
	for _, key := range v.AllKeys() {
		words, err := words(v.Get(key))
		if err != nil {
			return file{}, &ValueError{Origin: path + ": " + key, Value: fmt.Sprint(v.Get(key)), Err: err}
		}
		f.values[key] = words
	}
	return f, nil
}

// words returns the elements of a list, or the one word of another value. A
// key without a value has none, and is as good as absent.
func words(value any) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	words := make([]string, len(list))
	for i, element := range list {
		var err error
		if words[i], err = scalar(element); err != nil {
			return nil, err
		}
	}
	return words, nil
}

var errScalar = errors.New("must be a word, a number, true or false")

// scalar returns a value as somebody would write it behind the flag.
func scalar(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case bool, int, int64, uint64:
		return fmt.Sprint(value), nil
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), nil
	}
	return "", errScalar
}

// check complains about keys that nobody knows.
func (f file) check(keys Keys) error {
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		section, name, nested := strings.Cut(key, ".")
		if !nested {
			section, name = "", key
		}
		allowed := keys.names("")
		if nested && keys[section] != nil {
			allowed = keys.names(section)
		} else if nested {
			name = key
		}
		if !slices.Contains(allowed, name) {
			return &KeyError{File: f.path, Key: key, Name: name, Allowed: allowed}
		}
		if !nested && keys[name] != nil && f.values[key] != nil {
			return &ValueError{Origin: f.path + ": " + key, Value: strings.Join(f.values[key], ", "), Err: errSection}
		}
	}
	return nil
}

var errSection = errors.New("must be a section with the flags of this verb")

// oneLine keeps an error of a parser on the one line that an error has.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A FileError is a configuration file that cannot be used.
type FileError struct {
	File, Why string
}

func (e *FileError) Error() string { return e.File + ": " + e.Why }

// A KeyError is a key of a configuration file that is no flag.
type KeyError struct {
	File, Key string
	Name      string   // the part of the key that is not known
	Allowed   []string // what could stand in its place
}

func (e *KeyError) Error() string { return e.File + ": " + e.Key + ": unknown key" }

// A ValueError is a value that the flag does not take.
type ValueError struct {
	Origin string // the variable, or the file and the key
	Value  string
	Err    error
}

func (e *ValueError) Error() string {
	why := e.Err.Error()
	if value := strconv.Quote(e.Value); !strings.Contains(why, value) {
		why = value + ": " + why
	}
	return e.Origin + ": " + why
}

// Unwrap returns the reason.
func (e *ValueError) Unwrap() error { return e.Err }
