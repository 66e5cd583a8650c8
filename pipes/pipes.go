// Package pipes carries messages between the goroutines of a program and
// between processes.
//
// An announcement is one to many: every subscriber gets every message, all in
// the same order. A funnel is many to one: what several inputs say of a job
// comes out once all of them have said it. Both exist in memory, as
// Announcement and Funnel, and by name in files that any number of processes
// use at once, as Topic and Join.
package pipes

import (
	"errors"
	"fmt"
)

// Backlogs: how many of the messages before it a new subscriber gets. A
// positive number is that many of the last ones.
const (
	BacklogNone = 0
	BacklogAll  = -1
)

// WhenFull says what a put does when a subscriber has as many unread messages
// as it may have. A put reaches every subscriber or none.
type WhenFull int

// What a put can do.
const (
	Block      WhenFull = iota // wait until all have room
	Fail                       // return a *FullError at once
	DropOldest                 // drop the oldest unread message of each full subscriber
)

// Errors of announcements and funnels; test with errors.Is.
var (
	ErrClosed       = errors.New("closed")                      // put after Close
	ErrEnd          = errors.New("end of stream")               // closed, and everything is read
	ErrFinal        = errors.New("final, no new subscribers")   // subscribed after Finalize
	ErrUnsubscribed = errors.New("not subscribed")              // unsubscribed before
	ErrDuplicate    = errors.New("already gave another value")  // the input has given a value for this job
	ErrLate         = errors.New("job begun before this input") // the input is younger than the job
)

// FullError is a put that found no room. Nothing was delivered.
type FullError struct {
	Full int // how many subscribers are full

	// Of a named announcement: one of them, and what it has.
	Subscriber      string
	Unread, MaxSize uint64
}

func (e *FullError) Error() string {
	switch {
	case e.Subscriber != "":
		return fmt.Sprintf("full: subscriber %s has %d unread (maxsize %d)", e.Subscriber, e.Unread, e.MaxSize)
	case e.Full == 1:
		return "full: a subscriber has no room"
	}
	return fmt.Sprintf("full: %d subscribers have no room", e.Full)
}
