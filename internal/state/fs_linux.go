package state

import (
	"os"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose byte locks live on a server, or whose
// FIFOs do not reach other machines.
var remote = map[uint32]string{
	unix.NFS_SUPER_MAGIC:   "NFS",
	unix.SMB_SUPER_MAGIC:   "SMB",
	unix.SMB2_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC:  "SMB",
	unix.V9FS_MAGIC:        "9p",
	unix.FUSE_SUPER_MAGIC:  "FUSE",
	unix.AFS_SUPER_MAGIC:   "AFS",
	unix.AFS_FS_MAGIC:      "AFS",
	unix.CODA_SUPER_MAGIC:  "Coda",
	unix.CEPH_SUPER_MAGIC:  "Ceph",
	0x0BD00BD0:             "Lustre",
	0x47504653:             "GPFS",
	unix.NCP_SUPER_MAGIC:   "NCP",
	unix.OCFS2_SUPER_MAGIC: "OCFS2",
	0x01161970:             "GFS2",
}

// checkFS refuses a directory whose file system is no good for locks.
func checkFS(path string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return refuse(path, uint32(stat.Type))
}

func refuse(path string, magic uint32) error {
	if name, ok := remote[magic]; ok {
		return &FilesystemError{Path: path, Type: name}
	}
	return nil
}
