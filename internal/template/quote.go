package template

import (
	"bytes"
	"slices"
	"strings"

	"github.com/loxctl/loxctl/internal/shellword"
)

// Quote is s as one word of a POSIX shell. A word that means itself to every
// shell, in every place of a command, stays as it is; the empty word becomes two
// quotes.
func Quote(s string) string {
	if plainWord(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plainWord reports whether s needs no quotes. What would be an assignment, a
// reserved word or a job as the first word of a command does.
func plainWord(s string) bool {
	if s == "" || s[0] == '=' || s[0] == '%' || shellword.Reserved(s) || assignment(s) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !nameByte(c) && strings.IndexByte("@%+=:,./-", c) < 0 {
			return false
		}
	}
	return true
}

// assignment reports whether s begins with NAME=, NAME+= or NAME[.
func assignment(s string) bool {
	n := nameLen(s)
	rest := s[n:]
	return n > 0 && (strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "+=") || strings.HasPrefix(rest, "["))
}

// nameLen is the length of the shell variable's name that s begins with.
func nameLen(s string) int {
	if s == "" || isDigit(s[0]) {
		return 0
	}
	n := 0
	for n < len(s) && nameByte(s[n]) {
		n++
	}
	return n
}

func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// escapeQuotes makes buf[from:] fit between single quotes: ' becomes '\”.
func escapeQuotes(buf []byte, from int) []byte {
	if bytes.IndexByte(buf[from:], '\'') < 0 {
		return buf
	}
	old := len(buf)
	n := bytes.Count(buf[from:], []byte{'\''})
	buf = slices.Grow(buf, 3*n)[:old+3*n]
	for r, w := old-1, len(buf)-1; r < w; r-- {
		if buf[r] != '\'' {
			buf[w] = buf[r]
			w--
			continue
		}
		w -= 3
		copy(buf[w:], `'\''`)
		w--
	}
	return buf
}
