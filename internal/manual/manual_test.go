package manual

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const source = `loxctl try - show what a page can hold

SYNOPSIS
  loxctl try [FLAG]... 'WORD'
  loxctl try -

DESCRIPTION
  A paragraph of
  two lines.

    a table  stays
    as  it   is

  .A line that begins with a dot, \ and '.

FLAGS
  @flags

EXAMPLES
  Say hello:

  $ echo hello; \
    echo you
  hello
  you
  $ true

  The end.
`

func fill(word string) []List {
	if word != "flags" {
		return nil
	}
	return []List{
		{Title: "Input", Items: []Item{
			{"-0, --null", "records end in NUL, which no file name and no argument can hold"},
			{"    --a-name-that-is-too-long WORD", "short"},
		}},
		{Items: []Item{{"-j", "jobs"}}},
	}
}

func plain(s string) string { return s }

func TestText(t *testing.T) {
	page := Parse(source, fill)
	if page.Name != "loxctl try" || page.Summary != "show what a page can hold" {
		t.Errorf("%q - %q", page.Name, page.Summary)
	}
	want := strings.Replace(source, "  @flags\n", `  Input
    -0, --null  records end in NUL, which no file
                name and no argument can hold
        --a-name-that-is-too-long WORD
                short
  -j          jobs
`, 1)
	if got := page.Text(50, plain); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	bold := page.Text(50, func(s string) string { return "<" + s + ">" })
	if !strings.Contains(bold, "\n<FLAGS>\n  Input\n") {
		t.Errorf("headings do not stand out in\n%s", bold)
	}
}

func TestExamples(t *testing.T) {
	want := []Example{
		{"echo hello; \\\n  echo you", "hello\nyou\n"},
		{"true", ""},
	}
	if got := Parse(source, fill).Examples(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestMan(t *testing.T) {
	want := `.TH LOXCTL\-TRY 1 "" loxctl "loxctl manual"
.SH NAME
loxctl\-try \- show what a page can hold
.SH "SYNOPSIS"
.EX
loxctl try [FLAG]... \(aqWORD\(aq
loxctl try \-
.EE
.SH "DESCRIPTION"
A paragraph of
two lines.
.PP
.EX
  a table  stays
  as  it   is
.EE
.PP
\&.A line that begins with a dot, \(rs and \(aq.
.SH "FLAGS"
.SS "Input"
.TP
\fB\-0, \-\-null\fR
records end in NUL, which no file name and no argument can hold
.TP
\fB\-\-a\-name\-that\-is\-too\-long WORD\fR
short
.TP
\fB\-j\fR
jobs
.SH "EXAMPLES"
Say hello:
.PP
.EX
$ echo hello; \(rs
  echo you
hello
you
$ true
.EE
.PP
The end.
`
	if got := Parse(source, fill).Man(1); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := Parse("signals - what", nil).Man(7); !strings.HasPrefix(got, ".TH LOXCTL\\-SIGNALS 7 ") {
		t.Errorf("got\n%s", got)
	}
}

// Whatever stands in a text, the formatter must take it for text.
func TestManIsValid(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip(err)
	}
	odd := source + "\nODD \"TITLE\"\n  {1} … é\n\n  .so /etc/passwd\n  'br\n  \\fBx\n\n  `~^\\(aq\n  .\n"
	c := exec.Command(groff, "-man", "-ww", "-Tutf8")
	c.Stdin = strings.NewReader(Parse(odd, fill).Man(1))
	var out, complaints strings.Builder
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil || complaints.String() != "" {
		t.Errorf("%v: %s", err, complaints.String())
	}
	for _, text := range []string{"{1} … é", ".so /etc/passwd 'br \\fBx", "`~^\\(aq ."} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not in\n%s", text, out.String())
		}
	}
}

func TestSectionThatIsNotThere(t *testing.T) {
	if s := Parse(source, fill).Section("BUGS"); s.Title != "BUGS" || len(s.Blocks) > 0 {
		t.Errorf("got %+v", s)
	}
}

// What a page prints is a page again, and prints the same.
func FuzzText(f *testing.F) {
	f.Add(source, 50)
	f.Add("", 0)
	f.Add("x - y\n  no heading\nA\n\n\n  b\n c\nD", 3)
	f.Fuzz(func(t *testing.T, source string, width int) {
		source = strings.ReplaceAll(source, "@", "a") // lists are not read back
		once := Parse(source, fill).Text(width, plain)
		if twice := Parse(once, fill).Text(width, plain); once != twice {
			t.Errorf("%q prints\n%q, which prints\n%q", source, once, twice)
		}
	})
}
