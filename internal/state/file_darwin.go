package state

// The commands of Darwin's fcntl.h, which x/sys does not name.
const (
	ofdSetlk  = 90
	ofdSetlkw = 91
	ofdGetlk  = 92
)

// reopenPath is where to open the same file: opening /dev/fd/N would be a
// duplicate.
func (f *File) reopenPath() string { return f.path }

// Name is the path that the file was opened by.
func (f *File) Name() string { return f.path }
