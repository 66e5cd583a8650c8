package sink

import "sync"

// unordered shows jobs in the order of Put.
type unordered struct {
	group
	out sync.Mutex // held by who writes to the streams what was collected

	mu     sync.Mutex
	jobs   map[*Job]struct{} // opened, not put
	leader *Job              // has the streams to himself; in a whole group: need not wait for room
	behind []*Job            // over, waiting for the leader
}

// Open gives the job its place in the spool.
func (u *unordered) Open(j *Job) {
	j.init(u.store)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.jobs[j] = struct{}{}
}

// Try says that the job has a slot: it can be let through.
func (u *unordered) Try(j *Job) {
	u.group.Try(j)
	if j.Stage != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		j.begun = true
	}
}

// Put shows the job, and those that waited for it to end if it was let
// through. If another one is, the job waits for that.
func (u *unordered) Put(j *Job) error {
	if !u.turn(j) {
		return nil
	}
	var err error
	for next := j; next != nil; next = u.next(j) {
		u.out.Lock()
		err = u.show(next)
		u.out.Unlock()
	}
	return err
}

// turn gives the streams to j, or puts it behind the leader.
func (u *unordered) turn(j *Job) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, j)
	if u.leader != nil && u.leader != j {
		if !u.whole {
			u.behind = append(u.behind, j)
		}
		return u.whole // a leader does not write there, so the streams are free
	}
	u.leader = j
	return true
}

// next returns a job that waited for the leader j, or ends its lead. Writes
// that asked for room meanwhile were turned away: they may ask again.
func (u *unordered) next(j *Job) *Job {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.leader != j {
		return nil
	}
	if len(u.behind) > 0 {
		next := u.behind[0]
		u.behind = u.behind[1:]
		return next
	}
	u.leader, u.behind = nil, nil
	u.store.Wake()
	return nil
}

// makeRoom is called by a Write that finds none: the largest of the running
// jobs is let through. By the time that happens it may be over and shown, and
// then there is nothing left of it to write.
func (u *unordered) makeRoom() {
	j := u.elect()
	if j == nil {
		return
	}
	u.out.Lock()
	defer u.out.Unlock()
	u.lead(j) // the next Put returns its error
}

// elect chooses a leader if there is none. Of a stage that took all there is
// from the ones before it, the leader may not have written anything yet.
func (u *unordered) elect() *Job {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.leader != nil {
		return nil
	}
	var largest int64
	for j := range u.jobs {
		size := j.size()
		if size > largest || u.leader == nil && j.begun && !j.passes() {
			u.leader, largest = j, size
		}
	}
	return u.leader
}
