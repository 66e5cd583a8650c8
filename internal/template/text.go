package template

// A Text is a compiled string that is no command: a tag, the name of a
// directory. It does not change, any number of goroutines may use one.
type Text struct{ parts []part }

// CompileText reads a template of one string. Values are put into it as they
// are, a blank between the values of {}; without a token it is always the
// same. Of the options only Replace, Names, Indexes, Width and those of sets matter. A mistake
// is an *Error.
func CompileText(s string, o Options) (*Text, error) {
	parts, err := parseParts(s, newGrammar(o), encText)
	if err != nil {
		err.Command = s
		return nil, err
	}
	return &Text{parts}, nil
}

// Append appends the text for the job that has the values v.
func (t *Text) Append(dst []byte, v *Values) []byte {
	for i := range t.parts {
		p := &t.parts[i]
		switch {
		case p.tok == nil:
			dst = append(dst, p.text...)
		case p.tok.kind != tokenValue:
			dst = p.tok.appendCount(dst, v)
		case p.tok.unknown(v):
			dst = append(dst, p.tok.shown()...)
		case !p.tok.whole():
			dst = p.tok.op.append(dst, p.tok.value(v))
		default:
			for k, s := range p.tok.values(v, v.all()) {
				if k > 0 {
					dst = append(dst, ' ')
				}
				dst = p.tok.op.append(dst, s)
			}
		}
	}
	return dst
}

// NeedsTotal reports whether the text has {##} or {0#}: the number of jobs
// must be known before the first one.
func (t *Text) NeedsTotal() bool {
	for _, p := range t.parts {
		if p.tok != nil && p.tok.needsTotal() {
			return true
		}
	}
	return false
}
