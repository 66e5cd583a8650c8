// Package shellword knows the words that mean something to a shell only.
package shellword

import "slices"

// reserved are those of the POSIX shell and of its descendants, sorted.
var reserved = []string{
	"!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "end", "esac", "fi",
	"for", "foreach", "function", "if", "in", "namespace", "nocorrect", "repeat", "select",
	"then", "time", "until", "while", "{", "}",
}

// Reserved reports whether s is a reserved word.
func Reserved(s string) bool { return contains(reserved, s) }

// shellOnly are the commands that are part of the shell and of nothing else,
// sorted.
var shellOnly = []string{
	".", ":", "alias", "bg", "break", "builtin", "cd", "command", "continue", "declare", "eval",
	"exec", "exit", "export", "fc", "fg", "getopts", "hash", "jobs", "let", "local", "read",
	"readonly", "return", "set", "shift", "shopt", "source", "times", "trap", "type", "typeset",
	"ulimit", "umask", "unalias", "unset", "wait",
}

// Command reports whether s is a command that only shells have.
func Command(s string) bool { return contains(shellOnly, s) }

func contains(sorted []string, s string) bool {
	_, found := slices.BinarySearch(sorted, s)
	return found
}
