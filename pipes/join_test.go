//go:build linux

package pipes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func newJoin(t testing.TB, d *Dir, inputs string, s Settings) *Join {
	t.Helper()
	var names []string
	if inputs != "" {
		names = strings.Split(inputs, ",")
	}
	j, err := d.CreateFunnel("f", names, s)
	noError(t, err)
	return j
}

// farJoin is the same funnel as another process has it.
func farJoin(t testing.TB, d *Dir) *Join {
	t.Helper()
	j, err := again(t, d).Funnel("f")
	noError(t, err)
	return j
}

func give(t testing.TB, j *Join, input, job, value string) uint64 {
	t.Helper()
	seq, err := j.Put(t.Context(), PutOptions{}, input, job, []byte(value))
	noError(t, err)
	return seq
}

func getter(t testing.TB, j *Join) *Getter {
	t.Helper()
	g, err := j.Getter(t.Context())
	noError(t, err)
	t.Cleanup(func() { g.Close() })
	return g
}

// text is a set as a line: job, try, values.
func (s NamedSet) text() string {
	values := make([]string, len(s.Values))
	for i, v := range s.Values {
		values[i] = string(v)
	}
	return fmt.Sprintf("%s#%d %s", s.Job, s.Tries, strings.Join(values, "|"))
}

// wantSet takes the next set.
func wantSet(t testing.TB, g *Getter, want string) NamedSet {
	t.Helper()
	s, ok, err := g.TryNext()
	if err != nil || !ok || s.text() != want {
		t.Fatalf("took %s, %v, %v; want %s", s.text(), ok, err, want)
	}
	return s
}

func wantNoSet(t testing.TB, g *Getter) {
	t.Helper()
	if s, ok, err := g.TryNext(); ok || err != nil {
		t.Fatalf("took %s, %v, %v; want nothing", s.text(), ok, err)
	}
}

// text is a job that is not complete as a line: its name, and a letter for each
// input that has given a value.
func (p PendingJob) text() string {
	b := []byte(p.Job + " ")
	for i, have := range p.Have {
		if have {
			b = append(b, p.Inputs[i]...)
		} else {
			b = append(b, '-')
		}
	}
	return string(b)
}

// texts says what jobs there are, one a word.
func texts(t testing.TB, list func() ([]PendingJob, error)) string {
	t.Helper()
	jobs, err := list()
	noError(t, err)
	words := make([]string, len(jobs))
	for i, p := range jobs {
		words[i] = strings.ReplaceAll(p.text(), " ", ":")
		if p.Dropped {
			words[i] += "!"
		}
	}
	return strings.Join(words, " ")
}

func wantJobs(t testing.TB, list func() ([]PendingJob, error), want string) {
	t.Helper()
	if got := texts(t, list); got != want {
		t.Fatalf("jobs %q, want %q", got, want)
	}
}

// grow makes jobs so old that the first n which are pending expire.
func grow(t testing.TB, j *Join, n int) {
	t.Helper()
	jobs, err := j.Pending()
	noError(t, err)
	age := j.Settings().Expire
	j.log.funnel.clock = func() int64 { return jobs[n-1].Since.UnixNano() + int64(age) }
	_, err = j.Expired()
	noError(t, err)
	j.log.funnel.clock = now
}

// wantError says what an error is and how it reads.
func wantError(t testing.TB, err, is error, text string) {
	t.Helper()
	if err == nil || err.Error() != text || is != nil && !errors.Is(err, is) {
		t.Errorf("%v, want %s", err, text)
	}
}

func TestJoinInputs(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "left,right", Settings{})
	give(t, j, "right", "7", "R")
	_, err := j.Put(t.Context(), PutOptions{}, "top", "7", nil)
	var unknown *InputError
	if wantError(t, err, nil, "f: top: no such input"); !errors.As(err, &unknown) ||
		unknown.Hint() != "inputs are left, right; another one: loxctl funnel add-input f top" {
		t.Errorf("%+v", unknown)
	}
	noError(t, j.AddInput("top"))
	noError(t, j.AddInput("top"))
	_, err = farJoin(t, d).Put(t.Context(), PutOptions{}, "top", "7", nil)
	wantError(t, err, ErrLate, "f: job 7 was begun before input top was added")
	wantJobs(t, j.Pending, "7:-right")
	give(t, j, "left", "7", "L")
	g := getter(t, j)
	if s := wantSet(t, g, "7#1 L|R"); fmt.Sprint(s.Inputs) != "[left right]" {
		t.Errorf("inputs %v", s.Inputs)
	}
	for _, input := range []string{"top", "right", "left"} { // in any order
		give(t, j, input, "8", input)
	}
	if s := wantSet(t, g, "8#1 left|right|top"); fmt.Sprint(s.Inputs) != "[left right top]" {
		t.Errorf("inputs %v", s.Inputs)
	}
	for _, name := range []string{"", "a/\x00", "-x", ".x", strings.Repeat("x", 201)} {
		if err := j.AddInput(name); err == nil || !strings.HasPrefix(err.Error(), "f: input: ") {
			t.Errorf("%.10q: %v", name, err)
		}
	}
	_, err = d.CreateFunnel("g", []string{"a", "b", "a"}, Settings{})
	wantError(t, err, nil, "g: input a is there twice")
	_, err = d.CreateFunnel("f", []string{"right", "left", "top"}, Settings{})
	wantError(t, err, nil, "f: inputs is left,right,top, not right,left,top")
	_, err = d.CreateFunnel("g", nil, Settings{Backlog: 1})
	wantError(t, err, errAnnounceOnly, "g: "+errAnnounceOnly.Error())
}

// There is room for many inputs, and an error for one more.
func TestJoinManyInputs(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "", Settings{})
	n, err := 0, error(nil)
	for ; err == nil; n++ {
		err = j.AddInput(fmt.Sprintf("%03d", n))
	}
	wantError(t, err, errManyInputs, "f: there is no room for another input")
	inputs := j.Inputs()
	if len(inputs) != n-1 || n != 1+(headSize-headExtra-inputNames)/4 {
		t.Errorf("%d inputs of %d", len(inputs), n)
	}
	for i, input := range slices.Backward(inputs) {
		give(t, j, input, "x", fmt.Sprint(i))
	}
	s, ok, err := getter(t, j).TryNext()
	if !ok || err != nil || len(s.Values) != len(inputs) {
		t.Fatal(ok, err, len(s.Values))
	}
	for i, v := range s.Values {
		if s.Inputs[i] != inputs[i] || string(v) != fmt.Sprint(i) {
			t.Errorf("%d: %s of %s", i, v, s.Inputs[i])
		}
	}
	if _, err := d.CreateFunnel("g", append(inputs, "more"), Settings{}); !errors.Is(err, errManyInputs) {
		t.Errorf("%v", err)
	}
}

func TestJoinNamesOfJobs(t *testing.T) {
	j := newJoin(t, openTemp(t), "a", Settings{})
	g := getter(t, j)
	for _, job := range []string{"x", "ein Öl\t\n\x00", strings.Repeat("j", maxJob)} {
		give(t, j, "a", job, "v")
		wantSet(t, g, job+"#1 v")
	}
	for job, want := range map[string]string{
		"":                              `f: job "": the name is empty`,
		strings.Repeat("j", maxJob+1):   "f: job " + strings.Repeat("j", 40) + "…: the name has 4097 bytes, 4096 are allowed",
		"x" + strings.Repeat("ö", 2048): "f: job x" + strings.Repeat("ö", 19) + "…: the name has 4097 bytes, 4096 are allowed",
	} {
		var bad *JobError
		_, err := j.Put(t.Context(), PutOptions{}, "a", job, nil)
		if wantError(t, err, nil, want); !errors.As(err, &bad) {
			t.Errorf("%v", err)
		}
		wantError(t, j.Drop(job), nil, want)
	}
	if info, err := j.Info(); err != nil || info.LastSeq != 3 {
		t.Errorf("%d records, %v", info.LastSeq, err)
	}
}

func TestJoinDuplicates(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "left,right", Settings{})
	far := farJoin(t, d)
	first := give(t, j, "left", "7", "L")
	if seq := give(t, far, "left", "7", "L"); seq != first { // a retry
		t.Errorf("the same again is record %d, not %d", seq, first)
	}
	_, err := far.Put(t.Context(), PutOptions{}, "left", "7", []byte("other"))
	var twice *DuplicateError
	if wantError(t, err, ErrDuplicate, "f: left already gave another value for job 7"); !errors.As(err, &twice) ||
		twice.Hint() != "create --duplicate replace, or loxctl funnel drop f 7" {
		t.Errorf("%+v", twice)
	}
	g := getter(t, j)
	give(t, j, "right", "7", "R")
	wantSet(t, g, "7#1 L|R")
	if info, err := j.Info(); err != nil || info.LastSeq != 2 {
		t.Errorf("%d records, %v", info.LastSeq, err)
	}
	noError(t, far.Update(Settings{Replace: true}))
	give(t, j, "left", "8", "1")
	give(t, far, "left", "8", "2")
	give(t, j, "left", "8", "3")
	give(t, far, "right", "8", "R")
	wantSet(t, g, "8#1 3|R")
	wantNoSet(t, g)
}

// A put with the id of an earlier one is that one, also when its job is complete
// and the same put would begin it anew.
func TestJoinIDs(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b", Settings{})
	puts := func(j *Join) (seqs [2]uint64) {
		for i, input := range []string{"a", "b"} {
			var err error
			seqs[i], err = j.Put(t.Context(), PutOptions{ID: input + "1"}, input, "x", []byte(input))
			noError(t, err)
		}
		return seqs
	}
	for range 2 {
		if seqs := puts(j); seqs != [2]uint64{1, 2} {
			t.Errorf("%v", seqs)
		}
		j = farJoin(t, d)
	}
	wantJobs(t, j.Pending, "")
	g := getter(t, j)
	wantSet(t, g, "x#1 a|b")
	wantNoSet(t, g)
}

func TestJoinTooLarge(t *testing.T) {
	j := newJoin(t, openTemp(t), "a,b", Settings{MaxRecord: 1000})
	const header = partHeader + 2*8 + 1
	fits := strings.Repeat("v", 1000-header)
	for _, input := range []string{"a", "b"} { // the one that completes is no larger
		var large *TooLargeError
		if _, err := j.Put(t.Context(), PutOptions{}, input, "x", []byte(fits+"v")); !errors.As(err, &large) {
			t.Errorf("%v", err)
		}
		give(t, j, input, "x", fits)
	}
	wantSet(t, getter(t, j), "x#1 "+fits+"|"+fits)
}

func TestJoinGivesUp(t *testing.T) {
	d := openTemp(t)
	j := newJoin(t, d, "a,b,c", Settings{Expire: time.Hour})
	far, g := farJoin(t, d), getter(t, j)
	start := time.Now()
	give(t, j, "b", "1", "x")
	give(t, far, "a", "2", "x")
	give(t, far, "c", "2", "x")
	give(t, j, "c", "3", "x")
	wantJobs(t, far.Pending, "1:-b- 2:a-c 3:--c")
	grow(t, j, 2)
	wantJobs(t, far.Pending, "3:--c")
	noError(t, far.Drop("3"))
	wantError(t, j.Drop("3"), nil, "f: job 3: is not pending")
	wantJobs(t, far.Pending, "")
	wantJobs(t, j.Expired, "1:-b- 2:a-c 3:--c!")
	gone, err := far.Expired()
	noError(t, err)
	for _, p := range gone {
		if p.Since.Before(start.Round(0)) || p.Until.Before(p.Since) || p.Until.After(time.Now()) {
			t.Errorf("%+v", p)
		}
	}
	wantNoSet(t, g)
	for _, job := range []string{"1", "2", "3"} { // anew, and nothing of before is in it
		for _, input := range []string{"c", "b", "a"} {
			give(t, j, input, job, input+"2")
		}
		wantSet(t, g, job+"#1 a2|b2|c2")
	}
	wantJobs(t, j.Expired, "1:-b- 2:a-c 3:--c!")
}
