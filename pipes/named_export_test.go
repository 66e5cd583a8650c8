//go:build linux

package pipes

// PutsWaiting is how many calls wait for room, by this handle's Dir.
func (t *Topic) PutsWaiting() int { return joined(t.log.space) }

// GetsWaiting is how many calls wait for records, by this handle's Dir.
func (t *Topic) GetsWaiting() int { return joined(t.log.news) }

// GetsWaiting is how many calls wait for sets, by this handle's Dir.
func (j *Join) GetsWaiting() int { return joined(j.log.news) }
