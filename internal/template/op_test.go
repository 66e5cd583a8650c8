package template

import (
	"strings"
	"testing"
)

// expand is what one token makes of one value.
func expand(t *testing.T, token, value string) string {
	t.Helper()
	text, err := CompileText(token, Options{Names: []string{"name"}})
	if err != nil {
		t.Fatalf("%s: %v", token, err)
	}
	return string(text.Append(nil, &Values{Args: []string{value}}))
}

func TestPathForms(t *testing.T) {
	tokens := []string{"{.}", "{..}", "{...}", "{/}", "{//}", "{/.}", "{/..}", "{/...}", "{+.}", "{+/}"}
	for _, c := range []struct {
		value string
		want  string // one for each token
	}{
		{"dir/sub/a.tar.gz", "dir/sub/a.tar|dir/sub/a|dir/sub/a|a.tar.gz|dir/sub|a.tar|a|a|gz|dir/sub/"},
		{"a", "a|a|a|a|.|a|a|a||"},
		{"a.b.c.d.e", "a.b.c.d|a.b.c|a.b|a.b.c.d.e|.|a.b.c.d|a.b.c|a.b|e|"},
		{".bashrc", ".bashrc|.bashrc|.bashrc|.bashrc|.|.bashrc|.bashrc|.bashrc||"},
		{"x/.a.b", "x/.a|x/.a|x/.a|.a.b|x|.a|.a|.a|b|x/"},
		{"a.", "a|a|a|a.|.|a|a|a||"},
		{"..", "..|..|..|..|.|..|..|..||"},
		{"...", "...|...|...|...|.|...|...|...||"},
		{"d.x/a", "d.x/a|d.x/a|d.x/a|a|d.x|a|a|a||d.x/"},
		{"/", "/|/|/|/|/|/|/|/||"},
		{"///", "///|///|///|/|/|/|/|/||"},
		{"/a.b", "/a|/a|/a|a.b|/|a|a|a|b|/"},
		{"a//b.c", "a//b|a//b|a//b|b.c|a|b|b|b|c|a//"},
		{"a/b.d/", "a/b.d/|a/b.d/|a/b.d/|b.d|a|b|b|b||a/"},
		{"", "||||.|||||"},
		{"\xff.\xfe", "\xff|\xff|\xff|\xff.\xfe|.|\xff|\xff|\xff|\xfe|"},
	} {
		var got []string
		for _, token := range tokens {
			got = append(got, expand(t, token, c.value))
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.value, s, c.want)
		}
	}
}

func TestForms(t *testing.T) {
	for _, c := range []struct{ token, value, want string }{
		{"{%.txt}", "a.txt", "a"},
		{"{%.txt}", "a.txt.gz", "a.txt.gz"},
		{"{%.txt}", ".txt", ""},
		{"{#http://}", "http://x", "x"},
		{"{#x}", "ax", "ax"},
		{"{^}", "éa b", "Éa b"},
		{"{^}", "", ""},
		{"{^^}", "éa\xffb\xc3", "ÉA\xffB\xc3"},
		{"{,}", "ÀB", "àB"},
		{"{,}", "\xffAB", "\xffAB"},
		{"{,,}", "ÀB", "àb"},
		{"{,,}", "\ufffdA", "\ufffda"},
		{"{:1:2}", "äöü", "öü"},
		{"{:1}", "äöü", "öü"},
		{"{:0:2}", "\xff\xfeab", "\xff\xfe"},
		{"{:0:-1}", "äöü", "äö"},
		{"{:1:-2}", "äöü", ""},
		{"{:1:-9}", "äöü", ""},
		{"{:9}", "abc", ""},
		{"{:2:9223372036854775807}", "abc", "c"},
		{"{: -2}", "abc", "bc"},
		{"{: -2:1}", "abc", "b"},
		{"{: -9:2}", "abc", "ab"},
		{"{:-none}", "", "none"},
		{"{:-none}", "x", "x"},
		{"{:-}", "", ""},
		{"{:-a b}", "", "a b"},
		{"{/o/0/}", "foo", "f0o"},
		{"{/o/0/g}", "foo", "f00"},
		{"{/x/y/}", "foo", "foo"},
		{"{/o//g}", "foo", "f"},
		{`{/(\w+)-(\w+)/\2-\1<\0>/}`, "a-b c", "b-a<a-b> c"},
		{`{/(x)?o/[\1]/g}`, "oxo", "[][x]"},
		{`{/\//\\\//g}`, "a/b", `a\/b`},
		{`{/a{2}/\}/}`, "aaa", "}a"},
		{`{/^/> /g}`, "a", "> a"},
		{`{/b/\xff/}`, "\xfebc", "\xfexffc"},
		{"{/./_/g}", "\xfeä", "__"},
		{"{1.}", "a.b", "a"},
		{"{-1/}", "a/b", "b"},
		{"{1:.}", "a.b", "a"},
		{"{1:%b}", "a.b", "a."},
		{"{1::0:1}", "abc", "a"},
		{"{1:0:1}", "abc", "a"},
		{"{1:-x}", "", "x"},
		{"{1::-x}", "", "x"},
		{"{1:/a/b/}", "a", "b"},
		{"{2:-x}", "a", "x"},
		{"{name}", "v", "v"},
		{"{name//}", "a/b", "a"},
		{"{name:^^}", "v", "V"},
		{"{name:,,}", "V", "v"},
		{"{name:#v}", "va", "a"},
	} {
		if got := expand(t, c.token, c.value); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.token, c.value, got, c.want)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		token string
		v     Values
		want  string
	}{
		{"{#}", Values{Seq: 12}, "12"},
		{"{%}", Values{Slot: 3}, "3"},
		{"{##}", Values{Total: 400}, "400"},
		{"{0#}", Values{Seq: 7, Total: 99}, "07"},
		{"{0#}", Values{Seq: 7, Total: 100}, "007"},
		{"{0#}", Values{Seq: 100, Total: 100}, "100"},
		{"{0#}", Values{Seq: 10, Total: 0}, "10"},
		{"{0%}", Values{Slot: 2, Slots: 16}, "02"},
		{"{0%}", Values{Slot: 2, Slots: 9}, "2"},
	} {
		text, err := CompileText(c.token, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(text.Append([]byte("<"), &c.v)); got != "<"+c.want {
			t.Errorf("%s of %+v is %q, want %q", c.token, c.v, got, c.want)
		}
	}
}
