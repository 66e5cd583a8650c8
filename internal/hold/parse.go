package hold

import (
	"slices"
	"strconv"
	"strings"

	"github.com/loxctl/loxctl/internal/state"
)

// Parse reads the words behind a verb as package cmd does with pflag: flags, a
// name, flags, and the command, from the first other word or -- on. It reports
// false for whatever it does not understand, which says nothing more: o is
// then of no use, and somebody else has to find the words for the mistake.
func (o *Options) Parse(words []string) bool {
	r := reader{flags: o.Flags(), words: words}
	if !r.readFlags() {
		return false
	}
	o.Name, _ = r.next()
	if !r.readFlags() {
		return false
	}
	o.Words = r.words
	if _, why := o.Check(r.given); why != "" || state.CheckName(o.Name) != nil || state.CheckName(o.File()) != nil {
		return false
	}
	if r.given("command") {
		return len(o.Words) == 0
	}
	return len(o.Words) > 0 && strings.TrimSpace(o.Words[0]) != ""
}

// A reader reads flags.
type reader struct {
	flags []Flag
	words []string // that are left
	names []string // of flags that were given
	dash  bool     // there was a --
}

func (r *reader) given(name string) bool { return slices.Contains(r.names, name) }

// next takes a word, "" if there is none left.
func (r *reader) next() (word string, ok bool) {
	if len(r.words) == 0 {
		return "", false
	}
	word, r.words = r.words[0], r.words[1:]
	return word, true
}

// readFlags reads the flags that the words begin with.
func (r *reader) readFlags() bool {
	for !r.dash && len(r.words) > 0 && len(r.words[0]) > 1 && r.words[0][0] == '-' {
		word, _ := r.next()
		long, isLong := strings.CutPrefix(word, "--")
		ok := true
		switch {
		case word == "--":
			r.dash = true
		case isLong:
			ok = r.readLong(long)
		default:
			ok = r.readLetters(word[1:])
		}
		if !ok {
			return false
		}
	}
	return true
}

func (r *reader) readLong(word string) bool {
	name, text, hasValue := strings.Cut(word, "=")
	i := slices.IndexFunc(r.flags, func(f Flag) bool { return f.Name == name })
	if i < 0 {
		return false
	}
	if !hasValue {
		return r.setNext(&r.flags[i])
	}
	return r.set(&r.flags[i], text)
}

func (r *reader) readLetters(letters string) bool {
	for letters != "" {
		letter, rest := letters[:1], letters[1:]
		i := slices.IndexFunc(r.flags, func(f Flag) bool { return f.Short == letter })
		if i < 0 {
			return false
		}
		f := &r.flags[i]
		_, isBool := f.Value.(*bool)
		switch {
		case len(rest) > 1 && rest[0] == '=':
			return r.set(f, rest[1:])
		case !isBool && rest != "":
			return r.set(f, rest)
		case !r.setNext(f):
			return false
		}
		letters = rest
	}
	return true
}

// setNext sets f, which has no value in its own word.
func (r *reader) setNext(f *Flag) bool {
	if _, isBool := f.Value.(*bool); isBool {
		return r.set(f, "true")
	}
	text, ok := r.next()
	return ok && r.set(f, text)
}

func (r *reader) set(f *Flag, text string) bool {
	var err error
	switch v := f.Value.(type) {
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *string:
		*v = text
	case *int:
		var n int64
		n, err = strconv.ParseInt(text, 0, 64)
		*v = int(n)
	case Value:
		err = v.Set(text)
	}
	r.names = append(r.names, f.Name)
	return err == nil
}
