package state

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRefuse(t *testing.T) {
	tests := map[uint32]string{
		unix.NFS_SUPER_MAGIC: "NFS", unix.CIFS_SUPER_MAGIC: "SMB", unix.V9FS_MAGIC: "9p",
		unix.FUSE_SUPER_MAGIC: "FUSE", unix.CEPH_SUPER_MAGIC: "Ceph", 0x0BD00BD0: "Lustre", 0x47504653: "GPFS",
		unix.EXT4_SUPER_MAGIC: "", unix.TMPFS_MAGIC: "", unix.OVERLAYFS_SUPER_MAGIC: "", unix.XFS_SUPER_MAGIC: "",
	}
	for magic, want := range tests {
		err := refuse("/mnt", magic)
		var bad *FilesystemError
		switch {
		case want == "" && err != nil:
			t.Errorf("%#x: %v", magic, err)
		case want != "" && (!errors.As(err, &bad) || err.Error() != "/mnt: "+want+" cannot hold these locks safely" || bad.Hint() == ""):
			t.Errorf("%#x: %v", magic, err)
		}
	}
}
