package pipes

// Kind is a name space: an announcement and a funnel of one name do not meet.
type Kind uint32

// The kinds of named things.
const (
	KindAnnounce Kind = 1
	KindFunnel   Kind = 2
)

// String is the word of the command line, and the name of the directory.
func (k Kind) String() string {
	if k == KindFunnel {
		return "funnel"
	}
	return "announce"
}

func (k Kind) noun() string {
	if k == KindFunnel {
		return "funnel"
	}
	return "announcement"
}
