package cmd

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A pipeFormat is how messages are printed.
type pipeFormat struct {
	name    string // for errors
	set     bool   // they are those of a funnel
	single  bool   // there is one, printed as it is
	null    bool
	json    bool
	withSeq bool
	noJob   bool
}

func (o *pipeOptions) format() *pipeFormat {
	r := &o.read
	return &pipeFormat{
		name: o.name, set: o.verb == "funnel", null: r.null, json: r.json, withSeq: r.withSeq,
		single: o.action.name == "get" && r.count == 1, noJob: o.other.noNumber,
	}
}

// append appends m as it is printed. The error is that this format cannot
// hold it.
func (f *pipeFormat) append(to []byte, m *message) ([]byte, error) {
	if f.json {
		return f.appendJSON(to, m)
	}
	if !f.set {
		return f.appendRecord(to, m)
	}
	return f.appendSet(to, m)
}

func (f *pipeFormat) appendRecord(to []byte, m *message) ([]byte, error) {
	if f.withSeq {
		to = append(strconv.AppendUint(to, m.seq, 10), '\t')
	}
	end := byte('\n')
	if f.null {
		end = 0
	}
	if at := bytes.IndexByte(m.data, end); at >= 0 && (f.null || !f.single) {
		return to, f.unfit("record", m, holds(end))
	}
	return append(append(to, m.data...), end), nil
}

// appendSet writes the fields of a set: a TAB between them, or a NUL behind
// each.
func (f *pipeFormat) appendSet(to []byte, m *message) ([]byte, error) {
	var fields [][]byte
	if f.withSeq {
		fields = append(fields, strconv.AppendUint(nil, m.seq, 10))
	}
	if !f.noJob {
		fields = append(fields, []byte(m.job))
	}
	fields = append(fields, m.values...)
	special, between, end := "\n\t", "\t", "\n"
	if f.null {
		special, between, end = "\x00", "\x00", "\x00"
	}
	for _, field := range fields {
		if at := bytes.IndexAny(field, special); at >= 0 {
			return to, f.unfit("set", m, holds(field[at]))
		}
	}
	return append(append(to, bytes.Join(fields, []byte(between))...), end...), nil
}

func holds(c byte) string {
	switch c {
	case '\n':
		return "holds a newline"
	case '\t':
		return "holds a TAB"
	}
	return "holds a NUL"
}

// unfit is the error for what cannot be printed without being mistaken for
// something else.
func (f *pipeFormat) unfit(what string, m *message, why string) error {
	hint := "-0 or --json"
	if f.null {
		hint = "--json"
	}
	return &hintedError{fmt.Errorf("%s: %s %d %s", f.name, what, m.seq, why), hint}
}

// recordJSON is a record for programs. Bytes that are no text are base64.
type recordJSON struct {
	Seq    uint64  `json:"seq"`
	Time   string  `json:"time"`
	ID     *string `json:"id"` // a hash; null if it has none
	Missed uint64  `json:"missed,omitempty"`
	Tries  int     `json:"tries,omitempty"`
	Data   *string `json:"data,omitempty"`
	Data64 []byte  `json:"data64,omitempty"`
}

// setJSON is a set for programs.
type setJSON struct {
	Seq      uint64   `json:"seq"`
	Time     string   `json:"time"`
	Tries    int      `json:"tries,omitempty"`
	JID      *string  `json:"jid,omitempty"`
	JID64    []byte   `json:"jid64,omitempty"`
	Values   []string `json:"values,omitempty"`
	Values64 []string `json:"values64,omitempty"`
}

func (f *pipeFormat) appendJSON(to []byte, m *message) ([]byte, error) {
	b := bytes.NewBuffer(to)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	var v any
	if f.set {
		v = m.setJSON()
	} else {
		v = m.recordJSON()
	}
	err := e.Encode(v) // with a newline
	return b.Bytes(), err
}

func (m *message) recordJSON() *recordJSON {
	j := &recordJSON{Seq: m.seq, Time: stamp(m.time), Missed: m.missed, Tries: m.tries}
	if m.id != 0 {
		id := fmt.Sprintf("%016x", m.id)
		j.ID = &id
	}
	if text := string(m.data); utf8.Valid(m.data) {
		j.Data = &text
	} else {
		j.Data64 = m.data
	}
	return j
}

func (m *message) setJSON() *setJSON {
	j := &setJSON{Seq: m.seq, Time: stamp(m.time), Tries: m.tries}
	if utf8.ValidString(m.job) {
		j.JID = &m.job
	} else {
		j.JID64 = []byte(m.job)
	}
	text := true
	for _, value := range m.values {
		text = text && utf8.Valid(value)
		j.Values = append(j.Values, string(value))
		j.Values64 = append(j.Values64, base64.StdEncoding.EncodeToString(value))
	}
	if text {
		j.Values64 = nil
	} else {
		j.Values = nil
	}
	return j
}

// stamp is a time for programs.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// fold is text in a column of a listing: nothing is -.
func fold(text string) string {
	if text == "" {
		return "-"
	}
	return strings.ReplaceAll(printable(text), "\t", `\t`)
}
