package cmd

import (
	"encoding/json"
	"testing"
	"time"
)

var someTime = time.Date(2026, 11, 23, 9, 12, 3, 120456789, time.UTC)

func TestPipeFormat(t *testing.T) {
	record := func(data string) *message { return &message{seq: 7, time: someTime, data: []byte(data)} }
	set := func(values ...string) *message {
		m := &message{seq: 9, time: someTime, tries: 1, job: "42"}
		for _, value := range values {
			m.values = append(m.values, []byte(value))
		}
		return m
	}
	withID := record("x")
	withID.id, withID.missed = 0xabc, 3
	for _, tt := range []struct {
		name   string
		format pipeFormat
		m      *message
		want   string
		err    string
	}{
		{"plain", pipeFormat{}, record("a"), "a\n", ""},
		{"one, as it is", pipeFormat{single: true}, record("a\nb"), "a\nb\n", ""},
		{"newline", pipeFormat{}, record("a\nb"), "", "news: record 7 holds a newline"},
		{"NUL ends it", pipeFormat{null: true}, record("a\nb"), "a\nb\x00", ""},
		{"NUL in it", pipeFormat{null: true, single: true}, record("a\x00"), "", "news: record 7 holds a NUL"},
		{"number", pipeFormat{withSeq: true}, record("a"), "7\ta\n", ""},
		{"number and NUL", pipeFormat{withSeq: true, null: true}, record("a"), "7\ta\x00", ""},
		{"json", pipeFormat{json: true}, record("a<\n"),
			`{"seq":7,"time":"2026-11-23T09:12:03.120Z","id":null,"data":"a<\n"}` + "\n", ""},
		{"json, empty", pipeFormat{json: true}, record(""),
			`{"seq":7,"time":"2026-11-23T09:12:03.120Z","id":null,"data":""}` + "\n", ""},
		{"json, id and gap", pipeFormat{json: true}, withID,
			`{"seq":7,"time":"2026-11-23T09:12:03.120Z","id":"0000000000000abc","missed":3,"data":"x"}` + "\n", ""},
		{"json, no text", pipeFormat{json: true}, record("\xff<"),
			`{"seq":7,"time":"2026-11-23T09:12:03.120Z","id":null,"data64":"/zw="}` + "\n", ""},
		{"set", pipeFormat{set: true}, set("L", "R"), "42\tL\tR\n", ""},
		{"set, with an empty value", pipeFormat{set: true}, set("", "R"), "42\t\tR\n", ""},
		{"set, TAB", pipeFormat{set: true, single: true}, set("a\tb"), "", "news: set 9 holds a TAB"},
		{"set, newline", pipeFormat{set: true}, set("x", "a\nb"), "", "news: set 9 holds a newline"},
		{"set, NUL behind each", pipeFormat{set: true, null: true}, set("a\tb", ""), "42\x00a\tb\x00\x00", ""},
		{"set, NUL in it", pipeFormat{set: true, null: true}, set("\x00"), "", "news: set 9 holds a NUL"},
		{"values only", pipeFormat{set: true, noJob: true}, set("L", "R"), "L\tR\n", ""},
		{"set and number", pipeFormat{set: true, withSeq: true, noJob: true}, set("L"), "9\tL\n", ""},
		{"set, json", pipeFormat{set: true, json: true}, set("a", "b"),
			`{"seq":9,"time":"2026-11-23T09:12:03.120Z","tries":1,"jid":"42","values":["a","b"]}` + "\n", ""},
		{"set, no text", pipeFormat{set: true, json: true}, set("a", "\xff"),
			`{"seq":9,"time":"2026-11-23T09:12:03.120Z","tries":1,"jid":"42","values64":["YQ==","/w=="]}` + "\n", ""},
	} {
		tt.format.name = "news"
		got, err := tt.format.append([]byte("before "), tt.m)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != tt.err || err == nil && string(got) != "before "+tt.want {
			t.Errorf("%s: got %q, %v", tt.name, got, err)
		}
	}
}

// Whatever is in a record, what is printed can be read again.
func FuzzPipeFormatJSON(f *testing.F) {
	f.Add([]byte("a"), uint64(0))
	f.Add([]byte("\xff\n"), uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, id uint64) {
		text, err := (&pipeFormat{json: true}).append(nil, &message{seq: 1, time: someTime, id: id, data: data})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data   *string
			Data64 []byte
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got.Data != nil {
			got.Data64 = []byte(*got.Data)
		}
		if string(got.Data64) != string(data) {
			t.Errorf("%q came back as %q", data, got.Data64)
		}
	})
}
