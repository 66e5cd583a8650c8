package state

import (
	"os"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose byte locks live on a server, or in
// somebody's program.
var remote = map[string]string{
	"nfs": "NFS", "smbfs": "SMB", "afpfs": "AFP", "webdav": "WebDAV", "ftp": "FTP",
	"macfuse": "FUSE", "osxfuse": "FUSE", "fuse-t": "FUSE",
}

// checkFS refuses a directory whose file system is no good for locks.
func checkFS(path string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if name, ok := remote[unix.ByteSliceToString(stat.Fstypename[:])]; ok {
		return &FilesystemError{Path: path, Type: name}
	}
	return nil
}
