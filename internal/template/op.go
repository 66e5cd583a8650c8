package template

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An opKind is what a token does to a value.
type opKind uint8

const (
	opWhole     opKind = iota
	opCutExt           // n extensions off
	opBase             // the last component, n extensions off
	opDir              // what dirname prints
	opExt              // the last extension, without its dot
	opDirPrefix        // what stands before the last component, slash included
	opCutSuffix        // text off the end
	opCutPrefix        // text off the beginning
	opFirstUpper
	opUpper
	opFirstLower
	opLower
	opSubstring // length characters from n on
	opDefault   // text in place of an empty value
	opReplace   // matches of re become repl
)

// An op is what one token does to a value.
type op struct {
	kind   opKind
	n      int // extensions, or offset of a substring; negative from the end
	length int // of a substring; negative: leave so many at the end
	toEnd  bool
	text   string
	re     *regexp.Regexp
	repl   []replPiece
	global bool // every match, not only the first
}

// A replPiece is text, or a group of the match when group is not negative.
type replPiece struct {
	text  string
	group int
}

// append appends what o makes of s. It allocates for regular expressions only.
func (o *op) append(dst []byte, s string) []byte {
	switch o.kind {
	case opFirstUpper, opUpper:
		return appendCase(dst, s, unicode.ToUpper, o.kind == opFirstUpper)
	case opFirstLower, opLower:
		return appendCase(dst, s, unicode.ToLower, o.kind == opFirstLower)
	case opReplace:
		return o.appendReplaced(dst, s)
	}
	return append(dst, o.cut(s)...)
}

// cut is the result of those ops that only choose a part of s.
func (o *op) cut(s string) string {
	switch o.kind {
	case opCutExt:
		return cutExt(s, o.n)
	case opBase:
		return cutExt(base(s), o.n)
	case opDir:
		return dir(s)
	case opExt:
		return ext(s)
	case opDirPrefix:
		return dirPrefix(s)
	case opCutSuffix:
		return strings.TrimSuffix(s, o.text)
	case opCutPrefix:
		return strings.TrimPrefix(s, o.text)
	case opSubstring:
		return o.substring(s)
	case opDefault:
		if s == "" {
			return o.text
		}
	}
	return s
}

// extDot is where the last extension of s begins, -1 if s has none. Dots at
// the beginning of a file name hide it and begin no extension.
func extDot(s string) int {
	first := strings.LastIndexByte(s, '/') + 1
	for first < len(s) && s[first] == '.' {
		first++
	}
	if i := strings.LastIndexByte(s[first:], '.'); i >= 0 {
		return first + i
	}
	return -1
}

func cutExt(s string, n int) string {
	for range n {
		i := extDot(s)
		if i < 0 {
			break
		}
		s = s[:i]
	}
	return s
}

func ext(s string) string {
	if i := extDot(s); i >= 0 {
		return s[i+1:]
	}
	return ""
}

// base is the last component of a path; slashes at the end do not count.
func base(s string) string {
	t := strings.TrimRight(s, "/")
	if t == "" && s != "" {
		return "/"
	}
	return t[strings.LastIndexByte(t, '/')+1:]
}

func dir(s string) string {
	d := dirPrefix(s)
	switch t := strings.TrimRight(d, "/"); {
	case t != "":
		return t
	case d != "" || strings.HasPrefix(s, "/"):
		return "/"
	}
	return "."
}

func dirPrefix(s string) string {
	t := strings.TrimRight(s, "/")
	return t[:strings.LastIndexByte(t, '/')+1]
}

// substring counts characters; a byte that is not part of valid UTF-8 counts
// as one.
func (o *op) substring(s string) string {
	total := utf8.RuneCountInString(s)
	from := o.n
	if from < 0 {
		from = max(0, total+from)
	}
	from = min(from, total)
	to := total
	switch {
	case o.toEnd:
	case o.length < 0:
		to = total + o.length
	case o.length < total-from:
		to = from + o.length
	}
	if to <= from {
		return ""
	}
	start := runeOffset(s, from)
	return s[start : start+runeOffset(s[start:], to-from)]
}

// runeOffset is the byte at which character n of s begins.
func runeOffset(s string, n int) int {
	i := 0
	for range n {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i
}

// appendCase changes the case of s or of its first character only. Bytes that
// are not valid UTF-8 stay as they are.
func appendCase(dst []byte, s string, to func(rune) rune, first bool) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[i])
		} else {
			dst = utf8.AppendRune(dst, to(r))
		}
		i += size
		if first {
			return append(dst, s[i:]...)
		}
	}
	return dst
}

func (o *op) appendReplaced(dst []byte, s string) []byte {
	n := 1
	if o.global {
		n = -1
	}
	last := 0
	for _, m := range o.re.FindAllStringSubmatchIndex(s, n) {
		dst = append(dst, s[last:m[0]]...)
		for _, p := range o.repl {
			if p.group < 0 {
				dst = append(dst, p.text...)
			} else if from := m[2*p.group]; from >= 0 {
				dst = append(dst, s[from:m[2*p.group+1]]...)
			}
		}
		last = m[1]
	}
	return append(dst, s[last:]...)
}
