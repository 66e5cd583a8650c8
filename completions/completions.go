// Package completions holds the scripts that teach a shell to complete
// loxctl's command line, for installers and for "loxctl completion".
package completions

import "embed"

// Scripts are the files of this folder. loxctl.bash is written by hand, since
// it must do without the bash-completion package; the others are generated.
//
//go:embed loxctl.bash _loxctl loxctl.fish loxctl.ps1
var Scripts embed.FS
