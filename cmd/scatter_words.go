package cmd

import (
	"slices"

	"github.com/loxctl/loxctl/internal/source"
)

// scatterWords are the words after the flags: a command, and sources.
type scatterWords struct {
	commands [][]string // of the first stage, and flags and commands of the others
	inputs   []source.Input
}

// split takes the words apart. What a separator begins goes to the next one.
func (o *inputOptions) split(words []string) (scatterWords, error) {
	isSep := func(w string) bool {
		return w == o.argSep || w == o.fileSep || w == o.argSep+"+" || w == o.fileSep+"+"
	}
	w := scatterWords{}
	for _, f := range o.files {
		w.inputs = append(w.inputs, source.Input{Path: f})
	}
	at := slices.IndexFunc(words, isSep)
	if at < 0 {
		at = len(words)
	}
	w.commands = o.splitCommands(words[:at])
	if slices.Contains(words[at:], o.thenSep) {
		return w, scatterError(o.thenSep, "stands behind a source: stages come first, then "+words[at])
	}
	for rest := words[at:]; len(rest) > 0; {
		sep := rest[0]
		end := 1 + slices.IndexFunc(rest[1:], isSep)
		if end == 0 {
			end = len(rest)
		}
		linked := sep == o.argSep+"+" || sep == o.fileSep+"+"
		if linked && len(w.inputs) == 0 {
			return w, scatterError(sep, "links to the source before it, and there is none")
		}
		if sep == o.argSep || sep == o.argSep+"+" {
			w.inputs = append(w.inputs, source.Input{Values: rest[1:end:end], Linked: linked})
		} else if end == 1 {
			return w, scatterError(sep, "needs a file")
		}
		if sep == o.fileSep || sep == o.fileSep+"+" {
			for _, path := range rest[1:end] {
				w.inputs = append(w.inputs, source.Input{Path: path, Linked: linked})
			}
		}
		rest = rest[end:]
	}
	return w, nil
}

// splitCommands cuts words into those of the stages.
func (o *inputOptions) splitCommands(words []string) [][]string {
	var commands [][]string
	for {
		at := slices.Index(words, o.thenSep)
		if at < 0 {
			return append(commands, words)
		}
		commands = append(commands, words[:at:at])
		words = words[at+1:]
	}
}

// usesStdin reports whether records come from stdin.
func (w *scatterWords) usesStdin() bool {
	return len(w.inputs) == 0 || slices.ContainsFunc(w.inputs, func(in source.Input) bool { return in.Path == "-" })
}
