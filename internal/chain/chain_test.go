package chain

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func labels(stages []*Stage) string {
	var names []string
	for _, s := range stages {
		names = append(names, s.Label())
	}
	return strings.Join(names, " ")
}

func build(t *testing.T, specs ...Spec) *Graph {
	t.Helper()
	g, err := New(specs)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// diamond is a tree that is joined again, cut into pieces and joined there.
func diamond(t *testing.T) *Graph {
	return build(t, Spec{Name: "get"}, Spec{Name: "a"}, Spec{Name: "b", From: []string{"get"}},
		Spec{Name: "ab", From: []string{"b", "a"}}, Spec{Name: "each", Each: true}, Spec{}, Spec{Name: "again", From: []string{"in"}},
		Spec{From: []string{"ab"}})
}

func TestGraph(t *testing.T) {
	g := diamond(t)
	for _, tt := range []struct{ what, got, want string }{
		{"from of ab", labels(g.Find("ab").From), "b a"},
		{"to of get", labels(g.Find("get").To), "a b"},
		{"before 6", labels(g.Stages[5].Before()), "get a b ab each"},
		{"leaves", labels(g.Leaves()), "6 again 8"},
		{"the records' series", labels(g.Series[0].Stages), "get a b ab again 8"},
		{"the pieces' series", labels(g.Series[1].Stages), "each 6"},
		{"what is cut", g.Series[1].Pieces.Label(), "ab"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	var steps []string
	for _, at := range g.Steps(g.Series[0]) {
		if at.Stage != nil {
			steps = append(steps, at.Stage.Label())
		} else {
			steps = append(steps, "pieces")
		}
	}
	if got := strings.Join(steps, " "); got != "get a b ab pieces again 8" {
		t.Errorf("steps: %s", got)
	}
	var sources []*Stage
	for _, s := range g.Stages {
		if s.IsSource() {
			sources = append(sources, s)
		}
	}
	if got := labels(sources); got != "get each again" {
		t.Errorf("sources: %s", got)
	}
}

func TestWrongGraphs(t *testing.T) {
	for _, tt := range []struct {
		specs []Spec
		stage int
		flag  string
		why   string
	}{
		{[]Spec{{Name: "in"}}, 1, "as", "original records"},
		{[]Spec{{Name: "a b"}}, 1, "as", "a name begins with"},
		{[]Spec{{Name: "-a"}}, 1, "as", "a name begins with"},
		{[]Spec{{Name: "a"}, {Name: "a"}}, 2, "as", "stage 1 has this name"},
		{[]Spec{{}, {From: []string{"x"}}}, 2, "from", "no stage has this name"},
		{[]Spec{{}, {From: []string{"2"}}}, 2, "from", "no stage has this name"},
		{[]Spec{{}, {From: []string{"x"}}, {Name: "x"}}, 2, "from", "comes later"},
		{[]Spec{{}, {Name: "x", From: []string{"x"}}}, 2, "from", "its own results"},
		{[]Spec{{Name: "a"}, {From: []string{"a", "a"}}}, 2, "from", "twice"},
		{[]Spec{{Name: "a"}, {From: []string{"a", ""}}}, 2, "from", "a name is missing"},
		{[]Spec{{Name: "a"}, {From: []string{"a", "in"}}}, 2, "from", "cannot be joined"},
		{[]Spec{{Each: true}}, 1, "each", "no result"},
		{[]Spec{{Name: "a"}, {Name: "b"}, {From: []string{"a", "b"}, Each: true}}, 3, "each", "of several stages"},
		{[]Spec{{Name: "a"}, {Name: "b", Each: true}, {From: []string{"a", "b"}}}, 3, "from", "for each piece"},
	} {
		_, err := New(tt.specs)
		var at *Error
		if !errors.As(err, &at) || at.Stage != tt.stage || at.Flag != tt.flag || !strings.Contains(at.Why, tt.why) {
			t.Errorf("%+v: %v, want stage %d --%s: …%s…", tt.specs, err, tt.stage, tt.flag, tt.why)
		}
	}
}

func TestDrawings(t *testing.T) {
	about := func(s *Stage) Caption { return Caption{How: "2 at once", Command: "<&\"\x01\xff" + s.Label()} }
	var text, picture strings.Builder
	g := diamond(t)
	if err := errors.Join(g.WriteText(&text, about), g.WriteSVG(&picture, about)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n != 1+len(g.Stages) {
		t.Errorf("%d lines:\n%s", n, text.String())
	}
	for _, want := range []string{"records\n├── 1 get (2 at once): ", "\n│       └── 4 ab (from b and a, 2 at once): ", "5 each (each line, 2 at once): ", "\n└── 7 again (2 at once): "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	d := xml.NewDecoder(strings.NewReader(picture.String()))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	places := make(map[point]bool)
	for _, p := range g.layout() {
		if places[p] {
			t.Errorf("two boxes at %v", p)
		}
		places[p] = true
	}
}

func TestTake(t *testing.T) {
	for _, tt := range []struct {
		how    Unpack
		result string
		whole  string
		args   []string
	}{
		{Tabs, "a\tb\n\n", "a\tb", []string{"a", "b"}},
		{Tabs, "a\tb\nc", "a\tb\nc", []string{"a\tb\nc"}},
		{Tabs, "", "", []string{""}},
		{Lines, "a\n\nb\n", "a\n\nb", []string{"a", "", "b"}},
		{NUL, "a\nb\x00c\x00", "a\nb\x00c\x00", []string{"a\nb", "c"}},
		{None, "a\tb\n", "a\tb", []string{"a\tb"}},
		{JSON, "[1.0, \"x\", null, {\"a\": [true]}]\n", `[1.0, "x", null, {"a": [true]}]`, []string{"1.0", "x", "", `{"a":[true]}`}},
		{JSON, `"text"`, `"text"`, []string{"text"}},
		{JSON, "[]", "[]", nil},
	} {
		v, err := tt.how.Take(tt.result)
		if err != nil || v.Whole != tt.whole || !slices.Equal(v.Args, tt.args) {
			t.Errorf("%v of %q: %+v, %v", tt.how, tt.result, v, err)
		}
	}
	v, err := JSON.Take(`{"a": 1, "b": {"c": "x"}}`)
	if err != nil || v.Fields["a"] != "1" || v.Fields["b"] != `{"c":"x"}` || len(v.Fields) != 2 {
		t.Errorf("fields: %+v, %v", v, err)
	}
	for _, bad := range []string{"", "\n", "{", "[1", "1 2", "x"} {
		if _, err := JSON.Take(bad); err == nil || !strings.HasPrefix(err.Error(), "no JSON: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestUnpackIsAFlag(t *testing.T) {
	var u Unpack
	for _, word := range u.Choices() {
		if err := u.Set(word); err != nil || u.String() != word {
			t.Errorf("%s: %v, %v", word, u, err)
		}
	}
	if u.Set("tab") == nil {
		t.Error("tab is taken")
	}
}

// oneByte reads a byte at a time, so that nothing is found by luck of blocks.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

func pieces(u Unpack, text string, most int) (got []string, err error) {
	c := u.NewCutter(oneByte{strings.NewReader(text)}, most)
	for {
		piece, err := c.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil && !errors.Is(err, ErrLong) {
			return got, err
		}
		if err != nil {
			piece = "LONG"
		}
		got = append(got, piece)
	}
}

func TestCutter(t *testing.T) {
	for _, tt := range []struct {
		how  Unpack
		text string
		want []string
		err  string
	}{
		{Tabs, "a\tb\n\nc", []string{"a\tb", "", "c"}, ""},
		{Tabs, "", nil, ""},
		{Lines, "\n", []string{""}, ""},
		{None, "12345\n123456\n1234567\nx\n12345678", []string{"12345", "123456", "LONG", "x", "LONG"}, ""},
		{None, strings.Repeat("x", 70_000) + "\ny\n", []string{"LONG", "y"}, ""},
		{NUL, "a\nb\x00\x00c", []string{"a\nb", "", "c"}, ""},
		{JSON, ` [1, "a", [2]] `, []string{"1", `"a"`, "[2]"}, ""},
		{JSON, "1\n{\"a\": 2}", []string{"1", `{"a": 2}`}, ""},
		{JSON, " \n", nil, ""},
		{JSON, "[1, 2", []string{"1", "2"}, "it ends too early"},
		{JSON, "[1] x", []string{"1"}, "something follows"},
		{JSON, "1 }", []string{"1"}, "invalid character"},
	} {
		got, err := pieces(tt.how, tt.text, 6)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%v of %.20q: %q, %v", tt.how, tt.text, got, err)
		}
	}
}

// Lines are what strings.Split makes of the text.
func FuzzLines(f *testing.F) {
	f.Add("a\n\nb", 3)
	f.Add("\n", 0)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = max(most%100, 0)
		var want []string
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); len(line) > most {
				line = "LONG"
			}
			want = append(want, line)
		}
		if got, err := pieces(Tabs, text, most); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	})
}
