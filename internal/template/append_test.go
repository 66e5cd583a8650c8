package template

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func mustCompile(t testing.TB, o Options, command ...string) *Template {
	t.Helper()
	tm, err := Compile(command, o)
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// many are n values of different lengths.
func many(n int) []string {
	args := make([]string, n)
	for i := range args {
		args[i] = "dir/file'" + strconv.Itoa(i) + ".txt"
	}
	return args
}

func TestNoAllocations(t *testing.T) {
	v := &Values{Args: []string{"dir/it's.txt", "b"}, Seq: 12345, Slot: 2, Total: 99999, Slots: 16}
	batch := &Values{Args: many(1000), Seq: 1}
	for _, c := range []struct {
		name string
		t    *Template
		v    *Values
	}{
		{"token", mustCompile(t, Options{}, "echo", "{}"), v},
		{"no token", mustCompile(t, Options{}, "echo"), v},
		{"all ops but RE", mustCompile(t, Options{}, "a", "{.}{/}{//}{+.}{%x}{^^}{,}{:1:2}{:-x}{1}{#}{%}{##}{0#}{0%}"), v},
		{"line", mustCompile(t, Options{}, `a {} | b "x {/.}" $(c '{1}')`), v},
		{"no command", mustCompile(t, Options{}), v},
		{"splice 1000", mustCompile(t, Options{}, "a", "x{.}y"), batch},
		{"repeat 1000", mustCompile(t, Options{List: Repeat}, "a", "x{.}y"), batch},
		{"repeat 1000 in a line", mustCompile(t, Options{List: Repeat}, "a x{.}y; b"), batch},
	} {
		var w Words
		if err := c.t.Append(&w, c.v); err != nil { // grows w
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(20, func() {
			if err := c.t.Append(&w, c.v); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
		if n := testing.AllocsPerRun(20, func() { c.t.Cost("dir/it's.txt") }); n != 0 {
			t.Errorf("Cost, %s: %v allocations", c.name, n)
		}
	}
}

// The words survive the growing of their memory, and those of one Words do not
// depend on those of another.
func TestWordsGrow(t *testing.T) {
	tm := mustCompile(t, Options{List: Repeat}, "a", "{#}-{}")
	var wg sync.WaitGroup
	for job := range 4 {
		wg.Go(func() {
			var w Words
			for _, n := range []int{1, 5000, 3} {
				args := many(n)
				if err := tm.Append(&w, &Values{Args: args, Seq: job}); err != nil {
					t.Error(err)
					return
				}
				argv := w.Argv()
				if len(argv) != n+1 || argv[0] != "a" {
					t.Errorf("%d words", len(argv))
				}
				for i, s := range args {
					if want := strconv.Itoa(job) + "-" + s; argv[i+1] != want {
						t.Fatalf("word %d is %q, want %q", i+1, argv[i+1], want)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		command string
		o       Options
		base    int
		cost    int // of the value it's, 4 bytes
		exact   bool
	}{
		{"echo", Options{}, 5, 5, true},
		{"echo|{}|b", Options{}, 7, 5, true},
		{"echo|x{}y", Options{}, 8, 5, false},
		{"echo|x{}y", Options{List: Repeat}, 5, 7, true},
		{"echo|{}|{}", Options{}, 5, 10, true},
		{"echo|{1}|{2}|{-1}", Options{}, 11, 10, false},
		{"echo|{1:-none}", Options{}, 11, 5, false},
		{"echo|{%s}", Options{}, 5, 4, true},
		{"echo|{#}", Options{}, 28, 0, false},
		{"a;|b", Options{Mode: Shell}, len("/bin/sh -c a; b  "), 10, false},
		{"a;|b {}", Options{Mode: Shell}, len("/bin/sh -c a; b  "), 10, false},
		{"a;|b '{}'", Options{Mode: Shell}, len("/bin/sh -c a; b '' "), 8, false},
		{"", Options{}, len("/bin/sh -c  "), 5, false},
		{"", Options{Mode: NoShell}, 0, 5, false},
	} {
		var command []string
		if c.command != "" {
			command = strings.Split(c.command, "|")
		}
		tm := mustCompile(t, c.o, command...)
		if base, cost := tm.Base(), tm.Cost("it's"); base != c.base || cost != c.cost {
			t.Errorf("%s: Base %d, Cost %d, want %d and %d", c.command, base, cost, c.base, c.cost)
		}
		checkSize(t, tm, []string{"it's", "", "a", "longer"})
		var w Words
		args := []string{"it's", "it's", "it's"}
		if err := tm.Append(&w, &Values{Args: args}); err != nil {
			continue
		}
		size := len(strings.Join(w.Argv(), "\x00")) + 1
		if c.exact && size != c.base+3*c.cost {
			t.Errorf("%s: %q has %d bytes, not %d", c.command, w.Argv(), size, c.base+3*c.cost)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	one := &Values{Args: []string{"dir/sub/file.tar.gz"}, Seq: 12345}
	for _, bb := range []struct {
		name string
		t    *Template
		v    *Values
	}{
		{"one", mustCompile(b, Options{}, "echo", "{}"), one},
		{"path", mustCompile(b, Options{}, "cp", "{}", "{//}/{/.}"), one},
		{"line", mustCompile(b, Options{}, `gzip -c "{}" > {/.}.gz`), one},
		{"replace", mustCompile(b, Options{}, "echo", "{/sub/x/}"), one},
		{"20000", mustCompile(b, Options{}, "echo"), &Values{Args: many(20_000)}},
		{"20000repeat", mustCompile(b, Options{List: Repeat}, "echo", "x{.}y"), &Values{Args: many(20_000)}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var w Words
			b.ReportAllocs()
			for b.Loop() {
				if err := bb.t.Append(&w, bb.v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(bb.v.Args)), "ns/value")
		})
	}
}

func Example() {
	t, err := Compile([]string{"convert", "{}", "thumbs/{/.}-{#}.png"}, Options{Width: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	var w Words
	for i, name := range []string{"in/a.jpg", "in/it's b.jpg"} {
		if err := t.Append(&w, &Values{Args: []string{name}, Seq: i + 1}); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t.Text(&w))
	}
	// Output:
	// convert in/a.jpg thumbs/a-1.png
	// convert 'in/it'\''s b.jpg' 'thumbs/it'\''s b-2.png'
}

func ExampleCompile_shellLine() {
	t, err := Compile([]string{`grep -c "^{}$" words | sed 's/^/{}: /'`}, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var w Words
	if err := t.Append(&w, &Values{Args: []string{"don't"}}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Text(&w))
	// Output: grep -c "^"'don'\''t'"$" words | sed 's/^/don'\''t: /'
}

func ExampleError() {
	_, err := Compile([]string{"mv", "{1}", "{3}"}, Options{Width: 2})
	fmt.Println(err)
	if e, ok := err.(*Error); ok {
		fmt.Println(e.Caret())
	}
	// Output:
	// {3}: column 8 of the command: a record has 2 values
	// mv {1} {3}
	//        ^~~
}
