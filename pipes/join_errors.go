package pipes

import (
	"fmt"
	"strings"
)

// A DuplicateError is an input that has given another value for the job
// already. It is ErrDuplicate.
type DuplicateError struct{ Name, Input, Job string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s: %s %v for job %s", e.Name, e.Input, ErrDuplicate, e.Job)
}

func (e *DuplicateError) Unwrap() error { return ErrDuplicate }

// Hint says what to do about it.
func (e *DuplicateError) Hint() string {
	return fmt.Sprintf("create --duplicate replace, or loxctl funnel drop %s %s", e.Name, e.Job)
}

// A LateError is an input that is younger than the job. It is ErrLate.
type LateError struct{ Name, Input, Job string }

func (e *LateError) Error() string {
	return fmt.Sprintf("%s: job %s was begun before input %s was added", e.Name, e.Job, e.Input)
}

func (e *LateError) Unwrap() error { return ErrLate }

// A JobError is a job that no input has given a value for, or whose name none
// can have.
type JobError struct {
	Name, Job string
	Why       string
}

func (e *JobError) Error() string { return e.Name + ": job " + e.Job + ": " + e.Why }

// checkJob returns a *JobError for a name that no job can have.
func checkJob(name, job string) error {
	switch {
	case job == "":
		return &JobError{name, `""`, "the name is empty"}
	case len(job) > maxJob:
		return &JobError{name, strings.ToValidUTF8(job[:40], "") + "…", fmt.Sprintf("the name has %d bytes, %d are allowed", len(job), maxJob)}
	}
	return nil
}
